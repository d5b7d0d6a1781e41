"""Runs as files: written to one, read back, kept, signed. Read this first.

Recorded ──► packing ──► writing ──► sealed zip file (a Process Run RO-Crate) ──► reading ──► Recorded ──► bringing ──► store
                                                                                  providing ──► what a launch needs

layout       what is in a bundle                        packing      data, packages, environment and code to go along
sealing      the zip file, and its seal                 inputs, packages, trees      each of these
members      files in it, trusted in nothing            providing    and back to where a launch finds them
crate        the bundle as an RO-Crate                  bringing     the run into a store
writing      a run into a bundle                        verifying    is it as it was? hashing: digests of artifacts
reading      the run in a bundle; artifacts: its files  signing/     who says so
"""
