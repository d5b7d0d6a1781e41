"""Code and data of a schedule as they are now, to be held against those of its last success (`--only-if`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner import digests, launch
from runner.launch.inputs import gathered
from runner.launch.planning import Planned
from runner.progress import Phase, Progress
from runner.settings import Settings
from runner.tracking.schedules import Definition, OnlyIf


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The commit, or the digest of the tree where there is none; the digest of each input.

    An input of which nobody can say whether it has changed has "" for a digest, and counts as changed.
    """

    code: str
    data: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return json.dumps({"code": self.code, "data": self.data}, sort_keys=True)

    @classmethod
    def read(cls, text: str) -> "Fingerprint | None":
        """What `str` wrote; None for nothing."""
        if not text:
            return None
        document = json.loads(text)
        return cls(document["code"], document["data"])


def changed(condition: OnlyIf, now: Fingerprint, before: Fingerprint | None) -> bool:
    """Whether a firing is to run."""
    if before is None:
        return True
    code = now.code != before.code
    data = now.data != before.data or "" in now.data.values()
    return {OnlyIf.CODE: code, OnlyIf.DATA: data, OnlyIf.ANY_CHANGED: code or data}[condition]


def fingerprint(definition: Definition, *, values: Mapping[str, str], settings: Settings) -> Fingerprint:
    """Of the project as it would run now; `values` are its parameters.

    Raises:
        RunnerError: the source, the project or an input cannot be had.
    """
    request = launch.Request(
        uri=definition.uri,
        version=definition.version,
        entry_point=definition.entry_point,
        parameters=values,
        check=False,
        directory=Path(definition.directory),
    )
    progress = Progress()
    with launch.plan(request, settings=settings, progress=progress) as planned:
        code = _code(planned, settings)
        if definition.only_if is OnlyIf.CODE:
            return Fingerprint(code)
        inputs = gathered(planned, settings=settings, progress=progress)
        unsure = dict.fromkeys(inputs.unsure, "")
        return Fingerprint(code, {**inputs.digests, **unsure})


def _code(planned: Planned, settings: Settings) -> str:
    source = planned.plan.source
    if source.commit and not source.dirty:
        return source.commit
    return digests.digest(planned.checkout.path, cache=settings.cache, phase=Phase("source")).digest
