"""Where experiments are made: each is a tracked run, and one that was made before is not made again.

changes ─► composed ─► made before? ─► its run   ┐
                    └► fits together? ─► a run ──┴─► judged, as often as asked; the majority counts
"""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from runner import environments, launch
from runner.environments.model import Environment
from runner.errors import EnvironmentFailed, Interrupted, ProjectError, RunnerError, SourceError
from runner.files import sha256
from runner.progress import Progress
from runner.records import Recorded, reading
from runner.reproduction.again import as_then
from runner.reproduction.bisecting.composing import Composed, Composer
from runner.reproduction.bisecting.judging import Judge
from runner.reproduction.bisecting.mixtures import Mixtures
from runner.reproduction.bisecting.model import Change, Experiment, Judgement
from runner.reproduction.bisecting.search import Quality
from runner.reproduction.changes import UNCHANGED, Changes
from runner.reproduction.rerunning import Label, relaunch, request
from runner.settings import Settings
from runner.sources.model import GitSource
from runner.tracking import OpenStore, open_store
from runner.tracking.model import Run, RunStatus

BISECT = "runner.bisect"  # tag of each run that a bisection made: ids of A and B
EXPERIMENT = "runner.bisect.experiment"  # tag: which experiment it was
_LISTED = 3  # changes that are told one by one
_MOST = 1000  # earlier runs that are looked at
# What cannot be installed together, or is no project at that commit, says nothing of the results.
_UNTESTABLE: tuple[type[RunnerError], ...] = (EnvironmentFailed, ProjectError)


class Watching(Protocol):
    """Who follows the experiments."""

    def begins(self, number: int, about: int, named: str) -> None: ...

    def ended(self, experiment: Experiment) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Launching:
    """What it takes to start a run."""

    settings: Settings
    progress: Callable[[], Progress]
    spectator: launch.Spectator
    serve: launch.Serve
    watching: Watching


@dataclass(slots=True)
class Laboratory:
    """Makes experiments, and remembers them.

    Attributes:
        about: how many there will be, as far as one can tell.
        contradictory: what was not tried, for the packages do not admit each other; with the reason.
    """

    composer: Composer
    judge: Judge
    launching: Launching
    store: OpenStore
    earlier: dict[str, list[Run]]
    about: int = 0
    made: dict[str, Experiment] = field(default_factory=dict)
    contradictory: dict[str, str] = field(default_factory=dict)
    mixtures: Mixtures = Mixtures()  # noqa: RUF009 - a value

    def test(self, changes: Sequence[Change]) -> Quality:
        """A with these changes."""
        key = _key(changes)
        if (reason := self.mixtures.contradiction(changes)) is not None:
            self.contradictory[key] = reason
            return Quality.UNTESTABLE
        return self._tested(named(changes), key, lambda: self.composer.compose(changes))

    def test_at(self, source: GitSource, changes: Sequence[Change], *, step: str) -> Quality:
        """The same with the code of a commit."""
        return self._tested(
            ", ".join(filter(None, (step, named(changes) if changes else ""))),
            _key(changes, str(source.ref)),
            lambda: self.composer.at(source, changes),
            untestable=(*_UNTESTABLE, SourceError),
        )

    def _tested(
        self,
        named: str,
        key: str,
        compose: Callable[[], Composed],
        *,
        untestable: tuple[type[RunnerError], ...] = _UNTESTABLE,
    ) -> Quality:
        if key not in self.made:
            number = len(self.made) + 1
            self.launching.watching.begins(number, max(self.about, number), named)
            try:
                made = self._made(named, key, compose)
            except untestable as error:
                judgement = Judgement(quality=Quality.UNTESTABLE, shown=_first_line(error))
                made = Experiment(named=named, judgement=judgement)
            self.made[key] = made
            self.launching.watching.ended(self.made[key])
        return self.made[key].judgement.quality

    def _made(self, named: str, key: str, compose: Callable[[], Composed]) -> Experiment:
        runs = self.earlier.get(key, [])[: self.composer.asked.repeat]
        earlier = len(runs)
        if earlier < self.composer.asked.repeat:
            runs = [*runs, *self._new(compose(), key, self.composer.asked.repeat - earlier)]
        judgement = _majority([self._judged(run) for run in runs])
        names = tuple(run.name for run in runs)
        return Experiment(named=named, judgement=judgement, runs=names, earlier=earlier == len(runs))

    def _new(self, composed: Composed, key: str, count: int) -> Iterator[Run]:
        for _ in range(count):
            result = relaunch(
                composed.base,
                composed.changes,
                label=Label(tags={BISECT: pair(self.composer), EXPERIMENT: key}),
                settings=self.launching.settings,
                progress=self.launching.progress(),
                spectator=self.launching.spectator,
                serve=self.launching.serve,
            )
            if result.status is RunStatus.KILLED:
                raise Interrupted(int(result.run.tags.get("runner.signal", signal.SIGINT)))
            yield result.run

    def _judged(self, run: Run) -> Judgement:
        settings, progress = self.launching.settings, self.launching.progress()
        return self.judge.judge(reading.read(self.store, run.id, settings=settings, progress=progress))

    def environment(self, run: Recorded) -> Environment:
        """The environment of A or of B."""
        settings = as_then(run, UNCHANGED, self.launching.settings)
        progress = self.launching.progress()
        with (
            request(run, Changes(parameters=self.composer.asked.secrets)) as asked,
            launch.plan(asked, settings=settings, progress=progress) as planned,
            progress.phase("environment") as phase,
        ):
            return environments.prepare(
                planned.spec, run.lock, directory=planned.checkout.path, settings=settings, phase=phase
            )


@contextmanager
def laboratory(composer: Composer, judge: Judge, launching: Launching) -> Iterator[Laboratory]:
    """One for A and B, which knows what earlier calls have tried."""
    with closing(open_store(launching.settings)) as store:
        yield Laboratory(
            composer=composer,
            judge=judge,
            launching=launching,
            store=store,
            earlier=_earlier(store, pair(composer)),
        )


def named(changes: Sequence[Change]) -> str:
    """What is changed, in a line."""
    if len(changes) <= _LISTED:
        return ", ".join(map(str, changes)) or "nothing of B"
    return f"{changes[0].name}, {changes[1].name}, ... {changes[-1].name} ({len(changes)} changes)"


def pair(composer: Composer) -> str:
    """What all runs of one bisection have in common."""
    return f"{composer.a.run.id} {composer.b.run.id}"


def _earlier(store: OpenStore, pair: str) -> dict[str, list[Run]]:
    """Runs of earlier calls whose program has ended, by experiment."""
    ids = [experiment.id for experiment in store.experiments()]
    page = store.search_runs(experiment_ids=ids, filter=f"tags.`{BISECT}` = '{pair}'", limit=_MOST)
    found: dict[str, list[Run]] = {}
    for run in page.items:
        ended = run.status in {RunStatus.FINISHED, RunStatus.FAILED} and "runner.exit_code" in run.tags
        if ended and EXPERIMENT in run.tags:
            found.setdefault(run.tags[EXPERIMENT], []).append(run)
    return found


def _key(changes: Sequence[Change], commit: str = "") -> str:
    """Equal for equal experiments with the same two runs."""
    parts = sorted([change.aspect.value, change.name] for change in changes)
    return sha256(json.dumps([parts, commit]))[:32]


def _majority(judgements: Sequence[Judgement]) -> Judgement:
    """What most repetitions show; where good and bad are equally many, nothing."""
    counts = Counter(judgement.quality for judgement in judgements)
    good, bad = counts[Quality.GOOD], counts[Quality.BAD]
    quality = Quality.UNTESTABLE if good == bad else Quality.GOOD if good > bad else Quality.BAD
    shown = [judgement for judgement in judgements if judgement.quality is quality] or list(judgements)
    return Judgement(
        quality=quality,
        shown="; ".join(dict.fromkeys(judgement.shown for judgement in shown)),
        neither=all(judgement.neither for judgement in judgements),
    )


def _first_line(error: RunnerError) -> str:
    return str(error).splitlines()[0]
