"""A run as a Process Run RO-Crate, for people and programs that know nothing of us: one CreateAction, with all that it used and made.

https://w3id.org/ro/wfrun/process/0.5, on RO-Crate 1.1. JSON-LD is JSON, so it takes no library to write it.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote

from runner.bundles.layout import ARTIFACTS, CODE, CRATE, ENVIRONMENT, INPUTS, METRICS, PACKAGES, About
from runner.bundles.sealing import Member
from runner.records.model import Recorded
from runner.tracking.model import RunStatus

Entity: TypeAlias = dict[str, Any]

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
RO_CRATE = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{RO_CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
SCHEMA = "http://schema.org/"
_TYPES = MimeTypes()  # not what this machine knows beside it: the same file is to be the same everywhere


def document(recorded: Recorded, about: About, members: Iterable[Member]) -> Entity:
    """ro-crate-metadata.json: everything in the bundle but itself and the manifest."""
    files = [_file(member) for member in members]
    graph = [_descriptor(), _root(recorded, files), _profile(), *_tool(recorded), _person(recorded)]
    graph += [
        _action(recorded, about, files),
        *_values(recorded),
        *_references(about),
        *_image(recorded),
        *files,
    ]
    return {"@context": CONTEXT, "@graph": [_compact(entity) for entity in graph]}


def _descriptor() -> Entity:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": RO_CRATE},
        "about": {"@id": "./"},
    }


def _root(recorded: Recorded, files: Iterable[Entity]) -> Entity:
    run = recorded.run
    return {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": {"@id": PROFILE},
        "name": f"Run {run.name}",
        "description": f"Run {run.id} of {_described(recorded)}, in experiment {recorded.experiment or 'Default'}.",
        "datePublished": _time(run.ended or run.started or 0),
        "license": "The bundle says nothing of the licenses of what is in it.",
        "identifier": run.id,
        "author": {"@id": _person_id(recorded)},
        "hasPart": [{"@id": file["@id"]} for file in files],
        "mentions": [{"@id": f"#run-{run.id}"}],
    }


def _profile() -> Entity:
    return {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


def _tool_id(recorded: Recorded) -> str:
    """An address, where the code has one."""
    source = recorded.plan.source
    for place in (source.repository, source.uri):
        if place and place.startswith(("http://", "https://")):
            below = f"#{quote(source.subdirectory)}" if source.subdirectory else ""
            return place + below
    return "#project"


def _tool(recorded: Recorded) -> Iterator[Entity]:
    source = recorded.plan.source
    url = source.repository or source.uri
    yield {
        "@id": _tool_id(recorded),
        "@type": "SoftwareApplication",
        "name": recorded.plan.project or PurePosixPath(source.uri).name or "project",
        "description": f"{source.uri}{f'#{source.subdirectory}' if source.subdirectory else ''}",
        "url": url if url.startswith(("http://", "https://")) else None,
        "softwareVersion": source.commit or source.digest or "unknown",
    }


def _person(recorded: Recorded) -> Entity:
    name = recorded.run.user or "unknown"
    return {"@id": _person_id(recorded), "@type": "Person", "name": name}


def _person_id(recorded: Recorded) -> str:
    return f"#user-{quote(recorded.run.user or 'unknown', safe='')}"


def _action(recorded: Recorded, about: About, files: Iterable[Entity]) -> Entity:
    run = recorded.run
    finished = run.status is RunStatus.FINISHED
    results = [file for file in files if _is_result(file["@id"])]
    inputs = [file for file in files if file["@id"].startswith(INPUTS)]
    return {
        "@id": f"#run-{run.id}",
        "@type": "CreateAction",
        "name": run.name,
        "description": recorded.plan.command or f"entry point {recorded.plan.entry_point}",
        "instrument": {"@id": _tool_id(recorded)},
        "agent": {"@id": _person_id(recorded)},
        "object": [
            {"@id": entity["@id"]} for entity in (*inputs, *_references(about), *_parameters(recorded))
        ],
        "result": [{"@id": entity["@id"]} for entity in (*results, *_measured(recorded))],
        "startTime": _time(run.started),
        "endTime": _time(run.ended),
        "actionStatus": f"{SCHEMA}{'Completed' if finished else 'Failed'}ActionStatus",
        "error": None if finished else _error(recorded),
        "environment": [{"@id": entity["@id"]} for entity in _variables(recorded)],
        "containerImage": [{"@id": entity["@id"]} for entity in _image(recorded)],
    }


def _error(recorded: Recorded) -> str:
    run = recorded.run
    told = run.tags.get("runner.error") or run.tags.get("runner.trouble")
    code = run.tags.get("runner.exit_code")
    return told or (
        f"the program ended with exit code {code}" if code else f"the run is {run.status.lower()}"
    )


# what is said of values ----------------------------------------------------------------------------------------
def _values(recorded: Recorded) -> Iterator[Entity]:
    yield from _parameters(recorded)
    yield from _measured(recorded)
    yield from _variables(recorded)


def _parameters(recorded: Recorded) -> Iterator[Entity]:
    yield from (_value("param", name, text) for name, text in sorted(recorded.run.params.items()))


def _measured(recorded: Recorded) -> Iterator[Entity]:
    for key, metric in sorted(recorded.run.metrics.items()):
        yield _value("metric", key, repr(metric.value))


def _variables(recorded: Recorded) -> Iterator[Entity]:
    for name, text in sorted(recorded.facts("variables").items()):
        yield _value("variable", name, str(text))


def _value(kind: str, name: str, text: str) -> Entity:
    return {"@id": f"#{kind}-{quote(name, safe='')}", "@type": "PropertyValue", "name": name, "value": text}


def _references(about: About) -> Iterator[Entity]:
    """Inputs that are only named: where they were, and their digests."""
    for name, kept in sorted(about.inputs.items()):
        if kept.file is None:
            yield {
                "@id": f"#input-{quote(name, safe='')}",
                "@type": "CreativeWork",
                "name": name,
                "identifier": kept.digest,
                "description": f"not in this bundle; the run read it at {kept.uri}",
            }


def _image(recorded: Recorded) -> Iterator[Entity]:
    named = recorded.run.tags.get("runner.image") or recorded.run.tags.get("mlflow.docker.image.uri")
    if named and recorded.plan.environment.kind == "docker":
        name, _, digest = named.partition("@sha256:")
        yield {
            "@id": "#image",
            "@type": "ContainerImage",
            "name": name,
            "additionalType": {"@id": "https://w3id.org/ro/terms/workflow-run#DockerImage"},
            "sha256": digest or None,
        }


# files ---------------------------------------------------------------------------------------------------------
def _file(member: Member) -> Entity:
    return {
        "@id": quote(member.name),
        "@type": "File",
        "name": PurePosixPath(member.name).name,
        "description": _meaning(member.name),
        "contentSize": str(member.size),
        "encodingFormat": _TYPES.guess_type(member.name)[0] or "application/octet-stream",
        "sha256": member.digest.removeprefix("sha256:"),
    }


def _is_result(identifier: str) -> bool:
    return identifier.startswith(ARTIFACTS) and not identifier.startswith(f"{ARTIFACTS}runner/")


def _meaning(name: str) -> str:
    meanings = {
        f"{ARTIFACTS}runner/": "a document that runner has written of the run",
        f"{ARTIFACTS}logs/": "output of the program",
        ARTIFACTS: "an artifact of the run",
        METRICS: "all points of a metric",
        INPUTS: "data that the run read",
        PACKAGES: "a package of the environment",
        ENVIRONMENT: "the environment, as `runner env import` takes it",
        CODE: "the code that ran",
    }
    found = next((meaning for place, meaning in meanings.items() if name.startswith(place)), None)
    return found or "the run, as runner reads it"


def _described(recorded: Recorded) -> str:
    source = recorded.plan.source
    commit = f" at commit {source.commit}" if source.commit else ""
    return f"entry point {recorded.plan.entry_point} of {source.uri}{commit}"


def _time(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _compact(entity: Entity) -> Entity:
    """What is not known is not said, and a list of one is that one, as RO-Crate wants it."""
    alone = {
        key: value[0] if isinstance(value, list) and len(value) == 1 else value
        for key, value in entity.items()
    }
    return {key: value for key, value in alone.items() if value not in (None, [])}
