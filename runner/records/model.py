"""A run as it was recorded, wherever it comes from: a store, a server, a bundle, a plain MLflow. Values only."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.environments.model import Lock
from runner.errors import RunnerError
from runner.launch.plan import Plan
from runner.progress import Progress
from runner.settings import Settings
from runner.sources.model import Source
from runner.tracking.model import Metric, Run
from runner.tracking.opened import ArtifactStore


class Unrepeatable(RunnerError):
    """What was recorded of a run does not say how to execute it once more."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Everything that is known of a run, for as long as what it was read from is open.

    Attributes:
        run: params, latest metrics, tags, status.
        plan: what it executed.
        record: runner/record.json (schemas/record.schema.json); empty where there is none.
        lock: its environment; None for the caller's, and where none was recorded.
        artifacts: its files, our own documents below `runner/` and `logs/` included.
        history: all points of a metric, by step, time and value.
        models: files of the models that it logged beside its own, by their names; none where nobody knows, as in a bundle.
        children: how many runs it has started; 0 where nobody knows, as in a bundle.
        place: where it is recorded, for people.
        experiment: name of its experiment; None where nobody knows it.
        concluded: what was not recorded, and how it was concluded, one sentence each.
        as_of: the moment as of which its environment is to be resolved, where no lock was recorded.
        tag: writes tags to the run; None where it cannot be changed.
        code: its code, where the record itself brings it along.
        provided: puts the packages that the record brings along where installs find them; gives its data by parameter.
    """

    run: Run
    plan: Plan
    artifacts: ArtifactStore
    history: Callable[[str], Sequence[Metric]]
    place: str
    record: Mapping[str, Any] = field(default_factory=dict)
    lock: Lock | None = None
    experiment: str | None = None
    as_of: str | None = None
    models: Callable[[], Mapping[str, ArtifactStore]] = dict
    children: Callable[[], int] = int
    concluded: tuple[str, ...] = ()
    tag: Callable[[Mapping[str, str]], None] | None = None
    code: Callable[[], AbstractContextManager[Source]] | None = None
    provided: Callable[[Settings, Progress], AbstractContextManager[Mapping[str, Path]]] | None = None

    def facts(self, *path: str) -> Mapping[str, Any]:
        """An object of the record, which strangers may have written: an empty one for whatever else is there."""
        found: Any = self.record
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else {}
