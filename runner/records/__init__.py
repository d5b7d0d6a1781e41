"""Runs as they were recorded, read back whole: plan, record, lock, results.

reading    a run of a store, by whoever it was recorded     model      what there is to say of a recorded run
stored     one that we have recorded                        mlflows    one that plain MLflow has recorded
"""

from runner.records.model import Recorded, Unrepeatable

__all__ = ["Recorded", "Unrepeatable"]
