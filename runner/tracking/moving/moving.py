"""From a holding to a target, thing by thing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runner.progress import Phase
from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Run
from runner.tracking.moving.holding import Holding
from runner.tracking.moving.report import Outcome, Report
from runner.tracking.moving.target import Target
from runner.tracking.opened import ArtifactStore


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of it is to move: the experiments of these names (all, if none is named), files or not.

    The registry moves only with everything.
    """

    experiments: Collection[str] = ()
    files: bool = True


@dataclass(slots=True)
class Move:
    """One moving; `run()` does it."""

    holding: Holding
    target: Target
    report: Report
    wanted: Wanted
    phase: Phase

    def run(self) -> None:
        """Bring everything; what is left out stands in the report."""
        for experiment in self.holding.experiments():
            if self.wanted.experiments and experiment.name not in self.wanted.experiments:
                continue
            with self.report.leaving(f"experiment {experiment.name!r}"):
                self.report.note("experiments", self.target.experiment(experiment))
                self._content(experiment)
        if not self.wanted.experiments:
            self._registry()

    def _content(self, experiment: Experiment) -> None:
        tied = list(self._runs(experiment))
        models = list(self.holding.models(experiment))
        for model in models:
            with self.report.leaving(f"model {model.id}"):
                self.report.note("models", self.target.model(model))
                self._files(model)
        for model in models:
            with self.report.leaving(f"metrics of model {model.id}"):
                self.target.measured(model)
        for run in tied:
            with self.report.leaving(f"models of run {run.id}"):
                self.target.tied(run)
        self.target.end_of(experiment)

    def _runs(self, experiment: Experiment) -> Iterator[Run]:
        """Bring the runs; those that made or used models come back, to be tied to them when these are there."""
        for run in self.holding.runs(experiment):
            self.phase.update(f"{experiment.name}: {run.name}")
            with self.report.leaving(f"run {run.id}"):
                self.report.note("runs", self.target.run(run, self.holding.points(run)))
                self._files(run)
            if run.models_used or run.models_made:
                yield run

    def _registry(self) -> None:
        for model in self.holding.registered():
            self.phase.update(f"registered model {model.name}")
            with self.report.leaving(f"registered model {model.name!r}"):
                self.report.note("registered models", self.target.registered(model))
                for version in self.holding.versions(model):
                    with self.report.leaving(f"version {version.version} of {model.name!r}"):
                        self.report.note("versions", self.target.version(version))
                self.target.end_of_line(model)

    def _files(self, owner: Run | LoggedModel) -> None:
        if not self.wanted.files:
            return
        what = "run" if isinstance(owner, Run) else "model"
        with self.report.leaving(f"files of {what} {owner.id}"):
            source = self.holding.artifacts(owner.artifact_uri, among=owner.id)
            target = self.target.artifacts(owner)
            if self._copied(source, target, of=owner.id):
                target.list()  # what goes to a server by way of a queue is there when it is asked for

    def _copied(self, source: ArtifactStore, target: ArtifactStore, *, of: str) -> bool:
        """Whether a file came."""
        there = {item.path: item.size for item in target.list()}
        came = False
        for item in source.list():
            if there.get(item.path) == item.size:
                self.report.note("files", Outcome.THERE)
                continue
            with self.report.leaving(f"file {item.path!r} of {of}"):
                _copy(source, target, item.path)
                self.report.note("files", Outcome.CAME)
                self.report.size += item.size
                came = True
        return came


def _copy(source: ArtifactStore, target: ArtifactStore, path: str) -> None:
    """By way of a temporary file: neither side holds more than a piece in memory."""
    with TemporaryDirectory() as directory:
        target.put_file(source.download(path, Path(directory)), path)
