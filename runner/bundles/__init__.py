"""Runs as files: written to one, read back, kept. Read this first.

Recorded ──► packing ──► writing ──► sealed zip file (a Process Run RO-Crate) ──► reading ──► Recorded

layout       what is in a bundle                        packing      data, packages, environment and code to go along
sealing      the zip file, and its seal                 inputs, packages, trees      each of these
members      files in it, trusted in nothing            crate        the bundle as an RO-Crate
writing      a run into a bundle                        reading      the run in a bundle; artifacts: its files
"""
