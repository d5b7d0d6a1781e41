"""What a bisection is about: changes, experiments, what was found. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.reproduction.bisecting.search import Quality
from runner.reproduction.model import Aspect, Tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing in which B was executed otherwise than A, and which can be exchanged alone.

    Attributes:
        whole: it is had by starting from B instead of from A: the code; and an environment of another kind.
        coupled: parameters that only one of both knows, and that go with it.
    """

    aspect: Aspect
    name: str
    before: str | None = None
    after: str | None = None
    whole: bool = False
    coupled: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.before is None and self.after is None:
            return self.name
        return f"{self.name} {_shown(self.before)} → {_shown(self.after)}"


def _shown(text: str | None) -> str:
    return "(none)" if text is None else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be found out, and how.

    Attributes:
        metric, artifact: the one result that counts; None for all.
        repeat: how often each experiment is made; the majority decides.
        verify: try whether A and B themselves come out as recorded.
        secrets: values of secret parameters, which no record holds.
        data: for A and for B, where the data of inputs is, by parameter.
    """

    metric: str | None = None
    artifact: str | None = None
    tolerance: Tolerance = Tolerance()  # noqa: RUF009 - a value
    repeat: int = 1
    verify: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)
    data: tuple[Mapping[str, Path], Mapping[str, Path]] = ({}, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the results of one run show.

    Attributes:
        shown: the results in short, or why they show nothing.
        neither: no result is as in A, or as in B, or nearer to one of them.
    """

    quality: Quality
    shown: str
    neither: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """A with some changes of B.

    Attributes:
        named: what was changed, in words.
        runs: names of the runs; empty where it did not come to one.
        earlier: nothing was run: an earlier call had made it.
    """

    named: str
    judgement: Judgement
    runs: tuple[str, ...] = ()
    earlier: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of it.

    Attributes:
        causes: the changes that together turn the result, none of which can be left out.
        conclusion: in a sentence.
        notes: what to know about it, one sentence each.
    """

    causes: tuple[Change, ...]
    conclusion: str
    experiments: tuple[Experiment, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """0 where a cause is named, 1 where none is."""
        return 0 if self.causes else 1
