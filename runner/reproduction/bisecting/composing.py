"""A with some changes of B, as a recorded run and what is to be another in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from runner.environments.model import Lock
from runner.records import Recorded
from runner.reproduction import mixing
from runner.reproduction.again import OF_SEED
from runner.reproduction.bisecting import separating
from runner.reproduction.bisecting.model import Asked, Change
from runner.reproduction.changes import Changes
from runner.reproduction.differing.parameters import given
from runner.reproduction.model import Aspect
from runner.sources.model import Source

_OF_ENVIRONMENT = {Aspect.PACKAGE, Aspect.INTERPRETER, Aspect.IMAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What is launched: `base` with `changes`."""

    base: Recorded
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Puts changes of B into A. `all_` are the changes that there are."""

    a: Recorded
    b: Recorded
    all_: tuple[Change, ...]
    asked: Asked

    def compose(self, chosen: Collection[Change]) -> Composed:
        """The experiment with these changes, started from the run whose code it has."""
        base = self.b if any(change.whole for change in chosen) else self.a
        return Composed(base=base, changes=self._changes(base, chosen))

    def at(self, source: Source, chosen: Collection[Change]) -> Composed:
        """The experiment with these changes at a commit between A and B, whose own defaults count."""
        coupled = {name for change in self.all_ if change.whole for name in change.coupled}
        changes = self._changes(self.a, chosen)
        return Composed(
            base=self.a,
            changes=replace(
                changes,
                source=source,
                parameters={name: text for name, text in changes.parameters.items() if name not in coupled},
                dropped=(*changes.dropped, *coupled),
            ),
        )

    def _changes(self, base: Recorded, chosen: Collection[Change]) -> Changes:
        wanted, there = self._parameters(chosen), given(base.plan)
        entry = self._side(chosen, Aspect.ENTRY_POINT).plan.entry_point
        return Changes(
            parameters={
                **{name: text for name, text in wanted.items() if there.get(name) != text},
                **self.asked.secrets,
            },
            dropped=tuple(name for name in there if name not in wanted),
            entry_point=entry if entry != base.plan.entry_point else None,
            lock=self._lock(base, chosen),
            variables=self._variables(base, chosen),
            inputs=self._inputs(chosen),
            seed=self._seed(base, chosen),
        )

    def _side(self, chosen: Collection[Change], aspect: Aspect) -> Recorded:
        """B where the change of that aspect is chosen."""
        return self.b if any(item.aspect is aspect for item in chosen) else self.a

    def _seed(self, base: Recorded, chosen: Collection[Change]) -> int | None:
        if not any(change.aspect is Aspect.SEED for change in self.all_):
            return None  # base's own
        seed = self._side(chosen, Aspect.SEED).plan.seed
        return None if seed == base.plan.seed else seed

    def _parameters(self, chosen: Collection[Change]) -> Mapping[str, str]:
        taken = {
            name
            for change in chosen
            for name in (change.name, *change.coupled)
            if change.coupled or change.aspect in {Aspect.PARAMETER, Aspect.DATA}
        }
        mine, theirs = given(self.a.plan), given(self.b.plan)
        kept = {name: text for name, text in mine.items() if name not in taken}
        return kept | {name: text for name, text in theirs.items() if name in taken}

    def _lock(self, base: Recorded, chosen: Collection[Change]) -> Lock | None:
        a, b = self.a.lock, self.b.lock
        if a is None or b is None or self.a.plan.environment.kind != self.b.plan.environment.kind:
            return None  # base's own
        names = {change.name for change in chosen if change.aspect in _OF_ENVIRONMENT}
        lock = b if separating.ENVIRONMENT in names else mixing.mixed(a, b, names) if names else a
        return None if lock is base.lock else lock

    def _variables(self, base: Recorded, chosen: Collection[Change]) -> Mapping[str, str | None]:
        taken = {change.name for change in chosen if change.aspect is Aspect.VARIABLE}
        mine, theirs = separating.variables(self.a), separating.variables(self.b)
        there = separating.variables(base)
        follow = OF_SEED if self.a.plan.seed != self.b.plan.seed else ()
        names = sorted((mine.keys() | theirs.keys()) - set(follow))
        wanted = {name: (theirs if name in taken else mine).get(name) for name in names}
        return {name: text for name, text in wanted.items() if there.get(name) != text}

    def _inputs(self, chosen: Collection[Change]) -> Mapping[str, Path]:
        mine, theirs = self.asked.data
        taken = {change.name for change in chosen if change.aspect is Aspect.DATA}
        places = {name: (theirs if name in taken else mine).get(name) for name in mine.keys() | theirs.keys()}
        return {name: path for name, path in places.items() if path is not None}
