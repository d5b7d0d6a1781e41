"""Runs as files: one zip with everything needed to repeat a run elsewhere, which other tools can read too."""
