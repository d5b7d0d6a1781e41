"""The store of a server, over MLflow's REST API. What a plain MLflow server does not have is left out as gently as it goes:

leases              nobody but the server could take them: a run of a dead process is ended by the next command on its machine
move_run            refused
PENDING, PREPARING, LOST     SCHEDULED, RUNNING, FAILED there
"""

import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import RunnerError, TrackingError, Unavailable
from runner.tracking import checks
from runner.tracking.access import Reader, Users
from runner.tracking.artifacts import Artifact, Artifacts
from runner.tracking.clock import now
from runner.tracking.logged_models import LoggedModels
from runner.tracking.model import (
    Dataset,
    DatasetInput,
    Entry,
    Experiment,
    Lease,
    Lifecycle,
    Metric,
    ModelOutput,
    Page,
    Run,
    RunStatus,
)
from runner.tracking.opened import ArtifactStore, Synced, Unsent
from runner.tracking.registry import Registry
from runner.tracking.remote import leftover, output, requests, shapes
from runner.tracking.remote.artifacts import SCHEME, RemoteArtifacts
from runner.tracking.remote.client import Client, patiently
from runner.tracking.remote.finding import Finding, view
from runner.tracking.remote.models import RemoteModels
from runner.tracking.remote.own import NAME_TAG, OwnRun
from runner.tracking.remote.registry import RemoteRegistry
from runner.tracking.remote.requests import Request
from runner.tracking.remote.spool import Spool
from runner.tracking.store import Store

if TYPE_CHECKING:
    from runner.tracking.tables import Tables

CREATION = "runner.creation"  # tag: by it a run is found whose creation was not answered
AT_ONCE = 25_000  # points of a metric in one answer, as MLflow's client asks for them
LATE = 5.0  # seconds in which leftovers of other runs are sent by the way


class RemoteStore:
    """See `opened.OpenStore`. Runs that are made here record by way of a spool below `home`.

    `server` is where that spool says that it belongs: inside a run that is the server of the run, not our address.
    """

    remote = True

    def __init__(self, client: Client, *, home: Path, server: str) -> None:
        self.uri = client.address.uri
        self._client = client
        self._home = home
        self._server = server
        self._finding = Finding(client)
        self._own: dict[str, OwnRun] = {}
        self._spool: Spool | None = None
        self._lock = threading.Lock()

    @property
    def models(self) -> LoggedModels:
        return RemoteModels(self._client)

    @property
    def registry(self) -> Registry:
        return RemoteRegistry(self._client)

    @property
    def users(self) -> Users:
        raise TrackingError(f"users of {self.uri} are managed on the machine of the server")

    @property
    def tables(self) -> "Tables":
        raise TrackingError(f"{self.uri} shows its runs in its own pages")

    def close(self) -> None:
        if self._spool is not None:
            self._spool.close()
        self._client.close()

    @contextmanager
    def joined(self) -> Iterator[Store]:
        """Each change is for itself: requests cannot be joined."""
        yield self

    def artifacts(self, uri: str) -> ArtifactStore:
        """Those below a URI of this store; other than the server's own they are where the URI says."""
        return RemoteArtifacts(uri, self._client, self._spool) if uri.startswith(SCHEME) else Artifacts(uri)

    def server_artifacts(self) -> RemoteArtifacts:
        return RemoteArtifacts(f"{SCHEME}/", self._client, self._spool)

    def passed(self, uri: str) -> Sequence[Artifact] | None:
        if self._spool is None or not uri.startswith(SCHEME):
            return None
        return RemoteArtifacts(uri, self._client, self._spool).passed()

    def showing(self, run_id: str, directory: Path) -> AbstractContextManager[None]:
        return output.told(self._client, run_id, directory)

    def unsent(self) -> Unsent | None:
        return self._spool.unsent() if self._spool is not None else None

    def sync(self, *, forget: bool = False) -> Sequence[Synced]:
        return leftover.synced(self._home, self._client, server=self._server, forget=forget)

    # experiments ------------------------------------------------------------------------------------------
    def create_experiment(
        self, name: str, *, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        checks.experiment_name(name)
        checks.tags(tags, longest=checks.EXPERIMENT_TAG)
        body = {"name": name, "artifact_location": artifact_location, "tags": requests.pairs(tags) or None}
        return self.experiment(str(self._client.post("experiments/create", body)["experiment_id"]))

    def experiment(self, id_or_name: str) -> Experiment:
        return self._finding.experiment(id_or_name)

    def experiment_named(self, name: str) -> Experiment:
        return self._finding.named(name)

    def experiments(self, *, lifecycle: Lifecycle | None = Lifecycle.ACTIVE) -> Sequence[Experiment]:
        return self._finding.experiments(lifecycle)

    def search_experiments(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 1000,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
        reader: Reader | None = None,  # noqa: ARG002 - the server knows who asks
    ) -> Page[Experiment]:
        body = {
            "filter": filter,
            "order_by": list(order_by),
            "max_results": limit,
            "page_token": page_token,
            "view_type": view(lifecycle),
        }
        return shapes.page(self._client.post("experiments/search", body), "experiments", shapes.experiment)

    def rename_experiment(self, id_or_name: str, name: str) -> Experiment:
        checks.experiment_name(name)
        id_ = self.experiment(id_or_name).id
        self._client.post("experiments/update", {"experiment_id": id_, "new_name": name})
        return self.experiment(id_)

    def delete_experiment(self, id_or_name: str) -> None:
        id_ = self.experiment(id_or_name).id
        self._mark(self._inside(id_), "experiments/delete", {"experiment_id": id_}, Lifecycle.DELETED)

    def restore_experiment(self, id_or_name: str) -> None:
        id_ = self.experiment(id_or_name).id
        self._mark(self._inside(id_), "experiments/restore", {"experiment_id": id_}, Lifecycle.ACTIVE)

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        checks.tags(tags, longest=checks.EXPERIMENT_TAG)
        for tag in requests.pairs(tags):
            self._client.post("experiments/set-experiment-tag", {"experiment_id": experiment_id, **tag})

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        body = {"experiment_id": experiment_id, "key": key}
        self._client.post("experiments/delete-experiment-tag", body)

    # runs -------------------------------------------------------------------------------------------------
    def create_run(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        user: str = "",
        status: RunStatus = RunStatus.PENDING,
        started: int | None = None,
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
        lease: Lease | None = None,  # noqa: ARG002 - see leases
    ) -> Run:
        checks.params(params)
        checks.tags(tags, longest=checks.RUN_TAG)
        if name is not None:
            checks.run_name(name)
        made = self._created(
            {
                "experiment_id": experiment_id,
                "run_name": name or tags.get(NAME_TAG),
                "user_id": user,
                "start_time": now() if started is None else started,
            },
            tags,
        )
        own = OwnRun(made, self._spooling(made))
        own.log(params=params)
        own.update(status=status)
        self._own[made.id] = own
        return own.run

    def run(self, reference: str) -> Run:
        if (own := self._own.get(reference)) is not None:
            return own.run
        self._settle()
        found = self._finding.run(reference)
        return self._own[found.id].run if found.id in self._own else found

    def search_runs(
        self,
        *,
        experiment_ids: Sequence[str] | None = None,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
    ) -> Page[Run]:
        checks.limit(limit)
        self._settle()
        return self._finding.runs(
            experiment_ids,
            filter=filter,
            order_by=order_by,
            limit=limit,
            page_token=page_token,
            lifecycle=lifecycle,
        )

    def update_run(
        self,
        run_id: str,
        *,
        status: RunStatus | None = None,
        name: str | None = None,
        started: int | None = None,
        ended: int | None = None,
    ) -> None:
        if (own := self._own.get(run_id)) is not None:
            own.update(status=status, name=name, started=started, ended=ended)
        else:
            self._send([requests.updated(run_id, status=status, name=name, ended=ended)])

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = {},
        metrics: Iterable[Metric] = (),
        tags: Mapping[str, str] = {},
    ) -> None:
        if (own := self._own.get(run_id)) is not None:
            own.log(params=params, metrics=metrics, tags=tags)
        else:
            self._send(requests.logged(run_id, params=params, metrics=metrics, tags=tags))

    def log_all(self, entries: Sequence[Entry]) -> Sequence[RunnerError | None]:
        return [self._logged(entry) for entry in entries]

    def log_inputs(
        self, run_id: str, *, datasets: Sequence[DatasetInput] = (), models: Sequence[str] = ()
    ) -> None:
        if (own := self._own.get(run_id)) is not None:
            own.log_inputs(datasets, models)
        else:
            self._send([requests.inputs(run_id, datasets=datasets, models=models)])

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        if (own := self._own.get(run_id)) is not None:
            own.log_outputs(models)
        else:
            self._send([requests.outputs(run_id, models)])

    def datasets(self, experiment_ids: Sequence[str]) -> Sequence[tuple[str, Dataset, str]]:
        """Without their sources: MLflow tells names and digests."""
        body = {"experiment_ids": list(experiment_ids)}
        found = self._client.post("/ajax-api/2.0/mlflow/experiments/search-datasets", body)
        return [
            (
                str(item["experiment_id"]),
                Dataset(name=item["name"], digest=item["digest"], source_type="", source=""),
                item.get("context", ""),
            )
            for item in found.get("dataset_summaries", [])
        ]

    def delete_tag(self, run_id: str, key: str) -> None:
        if (own := self._own.get(run_id)) is not None:
            own.delete_tag(key)
        else:
            self._send([requests.untagged(run_id, key)])

    def metric_history(self, run_id: str, key: str) -> Sequence[Metric]:
        found: list[Metric] = []
        token: str | None = ""
        while token is not None:
            page = self.metric_page(run_id, key, limit=AT_ONCE, page_token=token or None)
            found += page.items
            token = page.next_token
        return sorted(found, key=lambda point: (point.step, point.time, point.value))

    def metric_page(
        self, run_id: str, key: str, *, limit: int | None = None, page_token: str | None = None
    ) -> Page[Metric]:
        self._settle()
        asked = {"run_id": run_id, "metric_key": key, "max_results": limit, "page_token": page_token}
        return shapes.page(self._client.get("metrics/get-history", asked), "metrics", shapes.metric)

    def delete_run(self, run_id: str) -> None:
        self._mark([run_id], "runs/delete", {"run_id": run_id}, Lifecycle.DELETED)

    def restore_run(self, run_id: str) -> None:
        self._mark([run_id], "runs/restore", {"run_id": run_id}, Lifecycle.ACTIVE)

    def move_run(self, run_id: str, experiment_id: str) -> None:
        raise TrackingError(
            f"run {run_id} cannot move to experiment {experiment_id}: its server moves no runs"
        )

    def check_artifacts(self, path: str, *, write: bool, delete: bool = False) -> None:
        """The server does."""

    # leases -----------------------------------------------------------------------------------------------
    def renew_lease(self, run_id: str, lease: Lease) -> bool:  # noqa: ARG002 - it has none
        return True

    def expire_leases(self, now: int) -> Sequence[str]:  # noqa: ARG002 - there are none
        """End the runs of this machine whose process is gone, and send what they left behind, as far as that is quick."""
        if self.uri != self._server:
            return []  # inside a run: we reach only what that run may change
        return leftover.sent(self._home, self._client, server=self._server, patience=LATE)

    # what happens by the way ------------------------------------------------------------------------------
    def _created(self, body: Mapping[str, object], tags: Mapping[str, str]) -> Run:
        """A new run, and one only: an answer may be lost on its way, and the request repeated."""
        creation = secrets.token_hex(8)
        given = {**body, "tags": requests.pairs({CREATION: creation, **tags})}
        tried = False

        def attempt() -> Run:
            nonlocal tried
            if tried:
                found = self._finding.runs(
                    [str(body["experiment_id"])], filter=f"tags.`{CREATION}` = '{creation}'", limit=1
                )
                if found.items:
                    return found.items[0]
            tried = True
            self._client.drop_idle()
            return shapes.run(self._client.post("runs/create", given, patience=0)["run"])

        return patiently(attempt, self._client.patience)

    def _spooling(self, made: Run) -> Spool:
        """The spool of this process, made with its first run."""
        with self._lock:
            if self._spool is None:
                try:
                    self._spool = Spool.begin(self._home, made, self._client, server=self._server)
                except TrackingError:
                    with suppress(RunnerError):
                        self._send([requests.updated(made.id, status=RunStatus.FAILED, ended=now())])
                    raise
                self._spool.start()
                threading.Thread(target=self._send_leftovers, name="leftovers", daemon=True).start()
            return self._spool

    def _send_leftovers(self) -> None:
        """What earlier runs could not send: this one shows that the server is there again."""
        with suppress(RunnerError, OSError):
            self.expire_leases(now())

    def _settle(self) -> None:
        """What was recorded here is on the server when it is asked about it.

        Raises:
            Unavailable: that takes too long.
        """
        if self._spool is not None and not self._spool.settled(self._client.patience):
            told = self._spool.unsent()
            raise Unavailable(
                told.trouble if told and told.trouble else f"{self.uri} takes records too slowly"
            )

    def _inside(self, experiment_id: str) -> list[str]:
        """Runs that were made here in that experiment."""
        return [id_ for id_, own in self._own.items() if own.run.experiment_id == experiment_id]

    def _mark(self, runs: Iterable[str], path: str, body: Mapping[str, str], lifecycle: Lifecycle) -> None:
        """Delete or restore runs, after what was recorded with them before."""
        self._settle()
        self._client.post(path, body)
        for run_id in runs:
            if (own := self._own.get(run_id)) is not None:
                own.marked(lifecycle)

    def _logged(self, entry: Entry) -> RunnerError | None:
        try:
            self.log(entry.run_id, params=entry.params, metrics=entry.metrics, tags=entry.tags)
        except RunnerError as error:
            return error
        return None

    def _send(self, changes: Sequence[Request]) -> None:
        for change in changes:
            self._client.post(change.path, change.body)
