"""Environments: those that runs had, by their locks, and those in the cache of this machine.

by_lock.py    locks of all runs; of_run.py: of one; shapes.py: requests and answers
locks.py      a lock as it was kept with a run; holding.py: whether it holds a package
cached.py     what lies in the cache, why, and what can go
"""
