"""A store that things are moved to."""

from collections.abc import Iterable
from typing import Protocol

from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Metric, Run
from runner.tracking.moving.report import Outcome
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel


class Target(Protocol):
    """Takes things in this order: an experiment, its runs, its models, what ties them, its end; at last the registry.

    A thing comes whole or not at all.

    Raises:
        RunnerError: it is not taken.
    """

    def experiment(self, found: Experiment) -> Outcome: ...

    def run(self, found: Run, points: Iterable[Metric]) -> Outcome:
        """The run with everything but its models."""
        ...

    def model(self, found: LoggedModel) -> Outcome:
        """The model without its metrics."""
        ...

    def measured(self, found: LoggedModel) -> None:
        """The metrics of a model, when the runs that measured them are there."""
        ...

    def tied(self, found: Run) -> None:
        """The models that a run used and made, when they are there."""
        ...

    def end_of(self, found: Experiment) -> None:
        """All of the experiment has come: what is deleted of it may be marked so."""
        ...

    def registered(self, found: RegisteredModel) -> Outcome: ...

    def version(self, found: ModelVersion) -> Outcome: ...

    def end_of_line(self, found: RegisteredModel) -> None:
        """All of its versions have come: they get their aliases."""
        ...

    def artifacts(self, found: Run | LoggedModel) -> ArtifactStore:
        """Where the files of that run or model belong."""
        ...

    def close(self) -> None: ...
