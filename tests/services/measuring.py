"""What is not worth measuring: programs of others, and what they ask ten thousand times."""

import os


def unmeasured() -> dict[str, str]:
    """An environment in which the coverage of processes is not measured, which takes several times as long."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
