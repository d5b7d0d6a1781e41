"""The packages of a side: those of its lock, or those that were observed."""

from runner.environments import listed
from runner.environments.listed import Package
from runner.reproduction.differing.sides import Side, table

__all__ = ["Package", "packages"]


def packages(side: Side) -> dict[str, Package]:
    """All of them, by their name in its canonical form.

    Raises:
        EnvironmentFailed: the lock is none that can be read.
    """
    platform = listed.platform_of(table(side.record, "machine"))
    locked = listed.packages(side.lock, platform) if side.lock else {}
    return locked or listed.observed(side.observed)
