"""What is found when two runs are held against each other. Values only."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How well a run was reproduced; exit statuses are 0, 0, 1, 2."""

    IDENTICAL = "identical"  # everything compared is equal, bit for bit
    EQUIVALENT = "equivalent"  # within the tolerance
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"  # something is missing

    @property
    def exit_status(self) -> int:
        """0 where the results are the same, 1 where they are not, 2 where nobody can know."""
        return {"different": 1, "impossible": 2}.get(self.value, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Numbers `a` and `b` are close if |a - b| <= absolute + relative * |a|; zero for both means equal."""

    relative: float = 0.0
    absolute: float = 0.0

    @property
    def exact(self) -> bool:
        return self.relative == 0.0 and self.absolute == 0.0


class Outcome(StrEnum):
    """How one result of a run compares with the same result of another."""

    SAME = "same"
    CLOSE = "close"
    DIFFERENT = "different"
    MISSING = "missing"  # only the first has it
    ADDED = "added"  # only the second has it
    IGNORED = "ignored"  # differs by its nature: times, measurements of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One result held against the same of another run.

    Attributes:
        kind: param, metric, artifact or exit.
        name: of the param or metric, or path of the artifact.
        before, after: short texts; None where there is none.
        distance: largest |a - b| / max(|a|, |b|) of all numbers in it; None where nothing is numeric, or nothing differs.
            Infinite between a number and none (NaN, an infinity).
        gap: largest |a - b| of all numbers in it; None where something else differs, too, so that no tolerance would do.
        note: how it was compared, where that is not plain ("4 of 1,000 cells differ", "pixels").
    """

    kind: str
    name: str
    outcome: Outcome
    before: str | None = None
    after: str | None = None
    distance: float | None = None
    gap: float | None = None
    note: str = ""


class Aspect(StrEnum):
    """What decides the results of a run."""

    CODE = "code"
    ENTRY_POINT = "entry point"
    PARAMETER = "parameter"
    SEED = "seed"
    DATA = "data"
    PACKAGE = "package"
    INTERPRETER = "interpreter"
    IMAGE = "image"
    VARIABLE = "variable"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two runs were not executed alike.

    Attributes:
        name: which parameter, file, package, variable, fact of the machine.
        before, after: short texts; None where there is none.
        change: in a word: changed, added, removed, upgraded, downgraded.
        detail: more of it: a unified diff, or through which package it came.
        weight: between 0 and 1, how well such a difference explains other results.
    """

    aspect: Aspect
    name: str
    before: str | None = None
    after: str | None = None
    change: str = "changed"
    detail: str = ""
    weight: float = 0.5
