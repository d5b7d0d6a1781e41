"""What a run did, for people and tools that do not know us: an in-toto Statement with SLSA provenance.

https://in-toto.io/Statement/v1 · https://slsa.dev/spec/v1.0/provenance · docs/reference/provenance.md says what is in it
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runner import __version__
from runner.launch.dependencies import Descriptor
from runner.launch.masking import public
from runner.launch.plan import Plan, PlannedSource

FILE = "runner/provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
OURS = "https://github.com/runner-project/runner"
BUILD_TYPE = f"{OURS}/blob/main/docs/reference/provenance.md#run-v1"


def statement(
    plan: Plan, record: Mapping[str, Any], *, record_digest: str, packages: Sequence[Descriptor] = ()
) -> dict[str, Any]:
    """The statement about a run that has ended, as JSON values.

    Args:
        record: what record.json holds, and `record_digest` its digest: it is a subject, for a run may leave nothing else.
        packages: those of the lock.
    """
    return {
        "_type": STATEMENT,
        "subject": list(_subjects(record, record_digest)),
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": _asked_for(plan),
                "internalParameters": _decided(plan, record),
                "resolvedDependencies": [*_code(plan.source), *_data(record), *packages],
            },
            "runDetails": {
                "builder": {"id": OURS, "version": {"runner": __version__}},
                "metadata": {
                    "invocationId": record["run"]["id"],
                    "startedOn": _moment(record["started"]),
                    "finishedOn": _moment(record["ended"]),
                },
            },
        },
    }


def _subjects(record: Mapping[str, Any], record_digest: str) -> Iterator[Descriptor]:
    for artifact in record.get("artifacts", ()):
        if artifact["digest"]:
            yield {"name": artifact["path"], "digest": _digest(artifact["digest"])}
    yield {"name": "runner/record.json", "digest": _digest(record_digest)}


def _asked_for(plan: Plan) -> dict[str, Any]:
    source = plan.source
    return _given(
        source=_given(uri=public(source.uri), ref=source.ref, subdirectory=source.subdirectory),
        entryPoint=plan.entry_point,
        parameters=_public(plan.parameters),
        extraParameters=_public(plan.extra_parameters),
        environment=_given(manager=plan.environment.manager, image=plan.environment.image),
        seed=plan.seed,
    )


def _decided(plan: Plan, record: Mapping[str, Any]) -> dict[str, Any]:
    environment = plan.environment
    return _given(
        plan=plan.digest,
        environment=_given(kind=environment.kind, file=environment.file, lock=_lock(plan)),
        variables=dict(record.get("variables", {})),
        exit=record.get("exit"),
        status=record["status"],
    )


def _lock(plan: Plan) -> str | None:
    return plan.environment.lock.digest if plan.environment.lock else None


def _code(source: PlannedSource) -> Iterator[Descriptor]:
    uri = public(source.repository or source.uri)
    if source.commit is not None:
        yield {
            "name": "source",
            "uri": f"{_git(uri)}@{source.commit}",
            "digest": {"gitCommit": source.commit},
        }
    if source.digest is not None:
        yield {"name": "source", "uri": _location(uri), "digest": _digest(source.digest)}
    for path, commit in source.submodules.items():
        yield {"name": f"source/{path}", "digest": {"gitCommit": commit}}
    if source.patch is not None:
        yield {"name": "runner/source/patch.diff", "digest": _digest(source.patch)}
    for repository, digest in source.bundles.items():
        yield {"name": f"unpushed commits of {repository or 'the source'}", "digest": _digest(digest)}


def _data(record: Mapping[str, Any]) -> Iterator[Descriptor]:
    for entry in record.get("inputs", ()):
        said = {key: entry[key] for key in ("kind", "etag", "version", "modified") if entry.get(key)}
        digest = {"digest": _digest(entry["digest"])} if entry["digest"] else {}
        yield {"name": entry["name"], "uri": _location(entry["uri"]), **digest, "annotations": said}


def _git(uri: str) -> str:
    location = _location(uri)
    return location if location.startswith("git+") else f"git+{location}"


def _location(uri: str) -> str:
    """A URI for what may be a path, or `git@host:path`."""
    if "://" in uri:
        return uri
    host, colon, path = uri.partition(":")
    if colon and "/" not in host and len(host) > 1:
        return f"ssh://{host}/{path}"
    return f"file://{uri}" if uri.startswith("/") else f"file:{uri}"


def _public(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: public(text) for name, text in texts.items()}


def _given(**values: object) -> dict[str, Any]:
    """Without what is not there."""
    return {name: value for name, value in values.items() if value not in (None, "", {})}


def _digest(text: str) -> dict[str, str]:
    algorithm, _, value = text.partition(":")
    return {algorithm: value}


def _moment(milliseconds: int) -> str:
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
