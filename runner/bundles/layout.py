"""What is in a bundle, and under which names. Values only; docs/reference/bundle-format.md tells it to others.

ro-crate-metadata.json       the bundle for everybody: a Process Run RO-Crate
run.json                     the bundle for us: `About`
metrics/<number>.jsonl       all points of a metric, one to a line
plan.json                    the plan, where it was concluded; else it is among the artifacts
artifacts/...                the files of the run, our own documents (artifacts/runner/) and logs included
inputs/<parameter>/...       data that the run read                          where packed:
packages/...                 wheels, source archives, conda packages         where packed
environment.zip              the finished environment, as `runner env export` writes it
code.zip                     the tree that ran, uncommitted changes included
manifest-sha256.txt          the digest of each file, as `sha256sum -c` reads it

The comment of the zip file is its seal: the digest of all bytes before it.
"""

import math
import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from runner.errors import TrackingError
from runner.tracking.model import Metric, RunStatus

FORMAT: Literal[1] = 1
CRATE = "ro-crate-metadata.json"
RUN = "run.json"
MANIFEST = "manifest-sha256.txt"
PLAN = "plan.json"  # where it was concluded: among the artifacts is none
ENVIRONMENT: Literal["environment.zip"] = "environment.zip"
CODE: Literal["code.zip"] = "code.zip"
ARTIFACTS = "artifacts/"
PACKAGES = "packages/"
INPUTS = "inputs/"
METRICS = "metrics/"

SEAL = re.compile(rb"sha256:[0-9a-f]{64}")
SEAL_LENGTH = 71

Digest = Annotated[str, Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]
Identifier = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Text = Annotated[str, Meta(pattern=r"\A[^\0]*\Z")]
Number = Annotated[int, Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Moment = Annotated[int, Meta(ge=0, lt=1 << 53)]

_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Damaged(TrackingError):
    """A file is no bundle, or not as it was written. `members` are the files in it that are not."""

    def __init__(self, name: str, reason: str, *, members: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"{name} is no bundle, or was altered: {reason}",
            hint="get it anew from where it was exported; `runner verify` tells what is altered",
        )
        self.members = members


class Point(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A point of a metric. JSON has no number for NaN and infinities: they are words."""

    value: float | Literal["NaN", "Infinity", "-Infinity"]
    time: Number
    step: Number = 0
    model_id: Text | None = None
    dataset_name: Text | None = None
    dataset_digest: Text | None = None

    def metric(self, key: str) -> Metric:
        value = self.value if isinstance(self.value, float) else _SPECIAL[self.value]
        return Metric(key, value, self.time, self.step, self.model_id, self.dataset_name, self.dataset_digest)


def point(metric: Metric) -> Point:
    """The metric without its key."""
    _, value, time, step, model_id, dataset_name, dataset_digest = metric
    return Point(
        value=value if math.isfinite(value) else _word(value),
        time=time,
        step=step,
        model_id=model_id,
        dataset_name=dataset_name,
        dataset_digest=dataset_digest,
    )


def _word(value: float) -> Literal["NaN", "Infinity", "-Infinity"]:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


class KeptMetric(Struct, kw_only=True, frozen=True):
    """A metric: where its points are, how many, and the latest of them."""

    file: Text
    points: Annotated[int, Meta(ge=1)]
    latest: Point


class KeptDataset(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A data set that the run has named as its input."""

    name: Text
    digest: Text
    source_type: Text
    source: Text
    schema: Text | None = None
    profile: Text | None = None
    tags: dict[Text, Text] = {}


class KeptRun(Struct, kw_only=True, frozen=True):
    """What the store knows of the run."""

    id: Identifier
    name: Text
    experiment: Text
    status: RunStatus
    user: Text
    started: Moment | None
    ended: Moment | None
    params: dict[Text, Text]
    tags: dict[Text, Text]
    metrics: dict[Text, KeptMetric]
    datasets: list[KeptDataset]


class KeptInput(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Data that the run read: where it said it is, its digest, and where in the bundle it lies, if it is packed."""

    uri: Text
    digest: Text | None = None
    file: Text | None = None


class KeptPackage(Struct, kw_only=True, frozen=True):
    """A packed package, and the hash by which the lock names it."""

    file: Text
    hash: Annotated[str, Meta(pattern=r"\A(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})\Z")]


class KeptCode(Struct, kw_only=True, frozen=True):
    """The packed tree; `subdirectory` is where the project is in it."""

    file: Literal["code.zip"]
    subdirectory: Text


class About(Struct, kw_only=True, frozen=True):
    """run.json. Files are named as in the bundle; `missing` says what should be packed and is not, one sentence each."""

    format: Literal[1]
    runner: Text
    run: KeptRun
    plan: Text
    concluded: list[Text]
    as_of: Text | None
    inputs: dict[Text, KeptInput]
    packages: list[KeptPackage]
    environment: Literal["environment.zip"] | None
    code: KeptCode | None
    missing: list[Text]
