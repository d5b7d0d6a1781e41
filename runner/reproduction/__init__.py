"""Runs again: reproduced and compared, told apart, changed in parts. Read this first.

reference ──► finding ──► Recorded ──► checking ──► again ──► Recorded ──► comparing ──► verdict
                                       (what is missing)      (launched)   differing ──► causes
"""
