"""Runs as they were recorded, read back whole: plan, record, lock, results.

model      what there is to say of a recorded run        stored     of a run in a store, ours or a server's
                                                         mlflows    of a run that plain MLflow has recorded
"""

from runner.records.model import Recorded

__all__ = ["Recorded"]
