"""A store that things are moved from."""

from collections.abc import Iterable
from typing import Protocol

from runner.tracking.logged_models import LoggedModel
from runner.tracking.model import Experiment, Metric, Run
from runner.tracking.opened import ArtifactStore
from runner.tracking.registry import ModelVersion, RegisteredModel


class Holding(Protocol):
    """Everything that a store holds, deleted things too. What cannot be read is left out, and the report says so."""

    def experiments(self) -> Iterable[Experiment]: ...

    def runs(self, experiment: Experiment) -> Iterable[Run]:
        """Its runs, the oldest first where the store knows; their `metrics` need not be filled."""
        ...

    def points(self, run: Run) -> Iterable[Metric]:
        """All points of all its metrics."""
        ...

    def models(self, experiment: Experiment) -> Iterable[LoggedModel]:
        """Its logged models, with as many points of their metrics as the store tells."""
        ...

    def registered(self) -> Iterable[RegisteredModel]: ...

    def versions(self, model: RegisteredModel) -> Iterable[ModelVersion]:
        """Its versions, counted up."""
        ...

    def artifacts(self, uri: str, *, among: str) -> ArtifactStore:
        """The files below a URI that a run or a model has; `among` is what the store calls it, for one that knows better.

        Raises:
            TrackingError: they are not to be read.
        """
        ...

    def close(self) -> None: ...
