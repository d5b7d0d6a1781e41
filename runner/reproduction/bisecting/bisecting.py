"""From two runs to the change that made the difference: which aspects, then which of their parts, then which commit.

environment | code | parameters | data | variables      minimal(groups)
numpy 1→2, scipy 1→1.1, ... | alpha 0.5→0.7             minimal(changes of those groups)
c1 ─ c2 ─ c3 ─ ...                                      turn(commits)
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from runner import digests
from runner.errors import RunnerError, SourceError
from runner.progress import Phase
from runner.records import Recorded
from runner.reproduction.bisecting import commits, separating
from runner.reproduction.bisecting.composing import Composer
from runner.reproduction.bisecting.judging import Judge
from runner.reproduction.bisecting.laboratory import Laboratory, Launching, laboratory
from runner.reproduction.bisecting.mixtures import Mixtures
from runner.reproduction.bisecting.model import Asked, Change, Finding
from runner.reproduction.bisecting.search import Quality, minimal, turn
from runner.reproduction.differing import code
from runner.reproduction.model import Aspect
from runner.settings import Settings

_GROUPS: Mapping[Aspect, str] = {
    Aspect.PACKAGE: "environment",
    Aspect.INTERPRETER: "environment",
    Aspect.IMAGE: "environment",
    Aspect.CODE: "code",
    Aspect.ENTRY_POINT: "code",
    Aspect.PARAMETER: "parameters",
    Aspect.DATA: "data",
    Aspect.SEED: "variables",
    Aspect.VARIABLE: "variables",
}


def bisect(a: Recorded, b: Recorded, asked: Asked, launching: Launching) -> Finding:
    """What of B turns the results of A into those of B.

    Raises:
        Interrupted: somebody stopped it; the next call goes on where it was.
        UsageError: neither has the result that is asked for.
        RunnerError: what it takes cannot be had.
    """
    judge = Judge(a, b, asked)
    if not judge.differing:
        return Finding(causes=(), conclusion=f"{a.run.name} and {b.run.name} have the same results")
    asked, data, untried = _data(a, b, asked, launching.settings)
    changes = (*separating.separated(a, b), *data)
    composer = Composer(a=a, b=b, all_=changes, asked=asked)
    with laboratory(composer, judge, launching) as lab:
        finding = _Bisection(lab, changes, untried).finding()
        notes = (*finding.notes, *_notes(a, b, lab))
        return replace(finding, experiments=tuple(lab.made.values()), notes=notes)


def _notes(a: Recorded, b: Recorded, lab: Laboratory) -> Iterator[str]:
    if not (code.known(a.plan.source) and code.known(b.plan.source)):
        yield "what was in a directory outside version control is not recorded: the code is that of today"
    if lab.contradictory:
        reason = next(iter(lab.contradictory.values()))
        yield f"{len(lab.contradictory)} mixtures were not tried, their packages do not admit each other: {reason}"
    neither = sum(made.judgement.neither for made in lab.made.values())
    if neither:
        said = f"the results of {neither} experiments are neither those of A nor those of B"
        yield f"{said}: --repeat and --rtol are against noise"


def _data(
    a: Recorded, b: Recorded, asked: Asked, settings: Settings
) -> tuple[Asked, list[Change], tuple[str, ...]]:
    """Where the data of both is, the data that can be exchanged, and a sentence for each that cannot."""
    mine, theirs = dict(asked.data[0]), dict(asked.data[1])
    changes, untried = [], []
    for name in separating.other_data(a, b):
        for run, places in ((a, mine), (b, theirs)):
            if name not in places and (found := _place(run, name, settings)) is not None:
                places[name] = found
        if name in mine and name in theirs:
            changes.append(separating.data_change(name, a, b))
        else:
            which = "a" if name not in mine else "b"
            said = f"the data of {name} was another, and that of {which.upper()} is not here"
            untried.append(f"{said}: say where it is with --input-{which} {name}=PATH")
    if a.lock is None and b.lock is None and separating.other_packages(a, b):
        untried.append(
            "the packages of the caller's environment were others; they are not locked, and cannot be exchanged"
        )
    return replace(asked, data=(mine, theirs)), changes, tuple(untried)


def _place(run: Recorded, name: str, settings: Settings) -> Path | None:
    """Where the data is, if it still is what it was."""
    path = Path(run.plan.inputs[name]).expanduser().absolute()
    try:
        digest = digests.digest(path, cache=settings.cache, phase=Phase("inputs")).digest
    except RunnerError:
        return None
    return path if digest == run.plan.input_digests[name] else None


@dataclass(slots=True)
class _Bisection:
    lab: Laboratory
    changes: Sequence[Change]
    untried: tuple[str, ...]
    notes: list[str] = field(default_factory=list)

    def finding(self) -> Finding:
        if not self.changes:
            said = "nothing that was recorded differs: it is the machine, chance, or what no record holds"
            return Finding(causes=(), conclusion=said, notes=self.untried)
        if (refused := self._verified()) is not None:
            return refused
        causes = self._causes()
        apart = self._told_apart(causes)
        if any(change.aspect is Aspect.CODE for change in causes):
            causes = self._commits(causes)
        return Finding(
            causes=tuple(causes),
            conclusion=_conclusion(causes, apart=apart),
            notes=(*self.untried, *self.notes),
        )

    def _verified(self) -> Finding | None:
        """What speaks against going on, where A and B are to be tried, or something cannot be exchanged."""
        if not (self.lab.composer.asked.verify or self.untried):
            return None
        self.lab.about = 2 + _about(len(self.changes))
        if self.lab.test([]) is not Quality.GOOD:
            return self._undecided(
                "A does not come out as it was recorded", "--repeat and --rtol are against noise"
            )
        if self.lab.test(self.changes) is not Quality.BAD:
            if self.untried:
                return self._undecided("it is none of what can be exchanged")
            return self._undecided(
                "B does not come out as it was recorded", "--repeat and --rtol are against noise"
            )
        return None

    def _undecided(self, said: str, *more: str) -> Finding:
        return Finding(causes=(), conclusion=said, notes=(*self.untried, *more))

    def _causes(self) -> list[Change]:
        """Groups first, for most often one is enough; then the changes of those that are needed."""
        ordered = sorted(
            self.changes, key=lambda change: list(_GROUPS.values()).index(_GROUPS[change.aspect])
        )
        groups = [tuple(items) for _, items in groupby(ordered, key=lambda change: _GROUPS[change.aspect])]
        self._expect(len(groups))
        needed = minimal(groups, lambda some: self._test([change for group in some for change in group]))
        changes = [change for group in needed for change in group]
        changes = self._with_mixtures(changes)
        self._expect(len(changes))
        return minimal(changes, self._test)

    def _with_mixtures(self, changes: list[Change]) -> list[Change]:
        """Where packages are to be mixed, what A and B have installed tells which of them go together."""
        if sum(change.aspect is Aspect.PACKAGE for change in changes) <= 1:
            return changes
        a, b = self.lab.composer.a, self.lab.composer.b
        self.lab.mixtures = Mixtures.of(lambda: self.lab.environment(a), lambda: self.lab.environment(b))
        return self.lab.mixtures.in_order(changes)

    def _told_apart(self, causes: Sequence[Change]) -> bool:
        """Whether it was seen that none of them can be left out; the search has tried it, where it can be tried."""
        rests = ([change for change in causes if change != one] for one in causes)
        return all(self._test(rest) is Quality.GOOD for rest in rests if rest)

    def _test(self, chosen: Sequence[Change]) -> Quality:
        """All of them together are B, whose results are known."""
        return Quality.BAD if len(chosen) == len(self.changes) else self.lab.test(chosen)

    def _commits(self, causes: list[Change]) -> list[Change]:
        """The causes with the commit in place of the code, where there is a way from commit to commit."""
        others = [change for change in causes if change.aspect is not Aspect.CODE]
        a, b = self.lab.composer.a, self.lab.composer.b
        if a.plan.environment.kind != b.plan.environment.kind:
            self.notes.append(
                "the commits were not tried one by one: the environment is of another kind, too"
            )
            return causes
        try:
            line = commits.line(a, b, settings=self.lab.launching.settings, phase=Phase("source"))
        except SourceError as error:
            self.notes.append(f"the commits were not tried one by one: {error.message}")
            return causes
        self._expect(len(line.steps))
        found = turn(len(line.steps), lambda step: self._at(line, line.steps[step - 1], others))
        steps = line.steps[found.good : found.bad]
        if not steps:
            return causes
        named = " or ".join(step.named for step in steps)  # what is between cannot be tested
        return [Change(aspect=Aspect.CODE, name=named), *others]

    def _at(self, line: commits.Line, step: commits.Step, others: Sequence[Change]) -> Quality:
        return self.lab.test_at(line.at(step), others, step=step.named)

    def _expect(self, count: int) -> None:
        self.lab.about = len(self.lab.made) + _about(count)


def _about(count: int) -> int:
    """How many experiments find one of so many."""
    return math.ceil(math.log2(count)) + 1 if count > 1 else 0


def _conclusion(causes: Sequence[Change], *, apart: bool) -> str:
    if len(causes) == 1:
        return f"{causes[0]} turns the result"
    how = "only together" if apart else "and could not be told apart"
    return f"{len(causes)} changes turn the result, {how}: {', '.join(map(str, causes))}"
