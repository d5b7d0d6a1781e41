"""Which change turned the results of one run into those of another, found by experiments. Read this first.

A, B ─► separating ─► changes ─► bisecting ─► search ─► "A with these?" ─► composing ─► laboratory ─► judging ─► good, bad
                                 commits                                                conflicts
"""

from runner.reproduction.bisecting.bisecting import bisect
from runner.reproduction.bisecting.laboratory import Launching, Watching
from runner.reproduction.bisecting.model import Asked, Change, Experiment, Finding
from runner.reproduction.bisecting.search import Quality

__all__ = ["Asked", "Change", "Experiment", "Finding", "Launching", "Quality", "Watching", "bisect"]
