"""Runs again: reproduced and compared, told apart, changed in parts. Read this first.

reference ──► finding ──► Recorded ──► checking ──► again ──► Recorded ──► comparing ──► verdict
                                       (what is missing)      (launched)   differing ──► causes

reproducing   the whole of that                  rerunning   with changed parts: `runner rerun`
bisecting/    which change turned the result: rerunning with parts of another run, chosen by search.py
mixing/       the locks for that: some packages of the one, the rest of the other
serving       what changed between two runs, for a server that fetches nothing
"""
