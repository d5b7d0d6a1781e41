"""A bundle into a store: its run with all that was recorded, under its own id. What was interrupted may be repeated."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from msgspec.structs import replace

from runner.bundles.layout import Damaged
from runner.bundles.reading import Bundle
from runner.errors import Conflict, RunnerError, TrackingError
from runner.progress import Phase
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Metric, Run
from runner.tracking.moving.moving import Move, Wanted
from runner.tracking.moving.opening import open_own
from runner.tracking.moving.report import Outcome, Report
from runner.tracking.moving.sending import ORIGIN
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel

IMPORTED_FROM = "runner.imported_from"  # tag: name of the bundle, and its seal
_HERE = "bundle"  # id of the experiment as long as it is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """The run as it is in the store; `outcome` says whether it is new there; `files` of its files came just now."""

    run: Run
    experiment: str
    outcome: Outcome
    files: int


@dataclass(frozen=True, slots=True)
class BundleHolding:
    """See `tracking.moving.holding.Holding`: one experiment with one run."""

    bundle: Bundle

    def experiments(self) -> Iterable[Experiment]:
        yield Experiment(id=_HERE, name=self.bundle.about.run.experiment, artifact_location="")

    def runs(self, experiment: Experiment) -> Iterable[Run]:
        run = self.bundle.run
        origin = f"{self.bundle.path.name} {self.bundle.seal}"
        yield replace(run, experiment_id=experiment.id, tags={**run.tags, IMPORTED_FROM: origin})

    def points(self, run: Run) -> Iterator[Metric]:
        for key in run.metrics:
            yield from self.bundle.history(key)

    def models(self, experiment: Experiment) -> Iterable[LoggedModel]:  # noqa: ARG002 - models are not in bundles
        return ()

    def registered(self) -> Iterable[RegisteredModel]:
        return ()

    def versions(self, model: RegisteredModel) -> Iterable[ModelVersion]:  # noqa: ARG002
        return ()

    def artifacts(self, uri: str, *, among: str) -> ArtifactStore:  # noqa: ARG002 - there is one run
        return self.bundle.artifacts

    def close(self) -> None:
        """The bundle is closed by who has opened it."""


def bring(bundle: Bundle, *, settings: Settings, phase: Phase) -> Brought:
    """Take the run into the current store; one that is there stays as it is, and gets what is missing of its files.

    Raises:
        Conflict: another run has its id here.
        Damaged: a file of the bundle was altered.
        TrackingError: something is not taken.
    """
    _refuse_other(bundle, settings)
    report = Report()
    holding = BundleHolding(bundle)
    _, target = open_own(settings, report)
    with closing(target):
        Move(holding, target, report, Wanted((bundle.about.run.experiment,)), phase).run()
    if report.left:
        raise TrackingError(
            f"not all of {bundle.path.name} came: {report.left[0].what}: {report.left[0].why}",
            hint="import it again once that is put right; what came is kept",
        )
    outcome = next(one for one in Outcome if report.counts["runs", one])
    files = report.counts["files", Outcome.CAME]
    run = _there(bundle, settings)
    return Brought(run=run, experiment=bundle.about.run.experiment, outcome=outcome, files=files)


def _refuse_other(bundle: Bundle, settings: Settings) -> None:
    """A run that has the id, and did something else, is not the one in the bundle."""
    mine = bundle.run
    try:
        known = _there(bundle, settings)
    except RunnerError:
        return
    same = (known.started, known.params) == (mine.started, mine.params)
    if not same or known.tags.get("runner.plan") != mine.tags.get("runner.plan"):
        raise Conflict(
            f"another run has the id {mine.id} here: {known.name}",
            hint="one of the two was altered; `runner verify` tells which",
        )


def _there(bundle: Bundle, settings: Settings) -> Run:
    """The run as the store has it; a server has given it an id of its own, and knows the old one as a tag."""
    with closing(open_store(settings)) as store:
        if not store.remote:
            return store.run(bundle.run.id)
        page = store.search_runs(filter=f"tags.`{ORIGIN}` = '{bundle.run.id}'", limit=1)
        if not page.items:
            raise Damaged(bundle.path.name, "its run did not come")
        return page.items[0]
