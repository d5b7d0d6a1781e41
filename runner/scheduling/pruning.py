"""How much of its history a schedule keeps: all that led to runs, and of the rest the latest."""

from runner.tracking.schedules import Schedules

KEPT = 1000  # firings of a schedule, at least
YOUNG = 2 * 86_400_000  # ms: a clock that is set back by less meets the firings that it has seen
BATCH = 1000  # at once: nobody waits long


def prune(schedules: Schedules, schedule: int, now: int) -> int:
    """Forget old firings of a schedule that led to no run, or to one that is gone; how many it were."""
    return schedules.prune(schedule, keep=KEPT, before=now - YOUNG, limit=BATCH)
