"""Answers about one run."""
# ruff: noqa: RUF012 - msgspec copies what stands for a new list

from typing import Any

from msgspec import Struct

from runner.server.mlflow import wire
from runner.server.native.shapes import Shape
from runner.tracking.model import Lifecycle, RunStatus


class LatestMetric(Struct, kw_only=True):
    """The latest point of a metric."""

    key: str
    value: wire.Number
    step: int
    time: int


class Kin(Shape):
    """Another run, in short; `verdict` of one that repeats a run."""

    id: str
    name: str
    status: RunStatus
    user: str = ""
    start_time: int | None = None
    end_time: int | None = None
    verdict: str = ""


class Data(Shape):
    """A data set that the run read, as its program told."""

    name: str
    digest: str
    source: str = ""
    context: str = ""


class Kept(Struct, kw_only=True):
    """A document of runner's own, among the artifacts."""

    path: str
    size: int


class RunOverview(Shape):
    """A run, its plan and record (see Files), and the runs around it.

    `note` is the tree of a Markdown text. `last_error`: the last line on stderr of a run that did not finish. `record` is without
    its list of artifacts, `files` says how many there are. `previous` began before it in the same experiment.
    `artifacts_served`: they can be had from this server.
    """

    id: str
    name: str
    experiment: str
    status: RunStatus
    lifecycle: Lifecycle
    artifact_uri: str
    artifacts_served: bool
    experiment_name: str = ""
    user: str = ""
    start_time: int | None = None
    end_time: int | None = None
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    note: list[Any] = []
    metrics: list[LatestMetric] = []
    data: list[Data] = []
    documents: list[Kept] = []
    files: int | None = None
    plan: dict[str, Any] | None = None
    record: dict[str, Any] | None = None
    last_error: str = ""
    parent: Kin | None = None
    reproduces: Kin | None = None
    children: list[Kin] = []
    reproductions: list[Kin] = []
    previous: Kin | None = None
    previous_params: dict[str, str] = {}


class ArtifactEntry(Shape):
    """A file, or a directory, which has no size. `digest` where the record of the run has it."""

    name: str
    path: str
    directory: bool = False
    size: int | None = None
    digest: str = ""


class ArtifactList(Struct, kw_only=True):
    """What a directory holds, by name. `more`: it holds more than are told."""

    path: str
    entries: list[ArtifactEntry]
    more: bool = False


class LockedPackage(Shape):
    """A package; `required_by` are the packages that need it, `asked`: no other one does.

    `host` is that of its index or channel, `size` that of its largest file, where the lock says so.
    """

    name: str
    version: str
    build: str = ""
    hashes: list[str] = []
    required_by: list[str] = []
    asked: bool = False
    host: str = ""
    size: int | None = None


class RunEnvironment(Shape):
    """In what a run was executed. `lock` is the artifact with the packages; `observed`: what the caller's environment held.

    `links`: the lock says which package needs which. `problem`: why the packages cannot be told.
    """

    kind: str = ""
    lock: str = ""
    packages: list[LockedPackage] = []
    links: bool = False
    observed: list[str] = []
    problem: str = ""
