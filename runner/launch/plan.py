"""The plan: everything needed to execute a run once more, as one JSON document (schemas/plan.schema.json)."""

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from runner.errors import RunnerError
from runner.files import sha256

SCHEMA = 1
SOURCES = {"directory", "git", "archive"}
ENVIRONMENTS = {"system", "virtualenv", "conda", "docker"}
SOURCE_FILES = {"patch": "runner/source/patch.diff", "archive": "runner/source/archive.zip"}


def bundle_file(number: int) -> str:
    """Artifact of a git bundle: `number` counts from 0 in the sorted paths of `PlannedSource.bundles`."""
    return f"runner/source/{number}.bundle"


class PlannedSource(Struct, frozen=True, kw_only=True):
    """Which code. `kind` is directory, git or archive; the rest as in `sources.Checkout`, and as in `sources.Capture`:

    `below` leads from the top of the repository, where patch and submodules count from, to the directory `uri`.
    `patch` is the digest of runner/source/patch.diff, `bundles` has the digests of the git bundles beside it, by repository.
    """

    kind: str
    uri: str
    subdirectory: str = ""
    below: str = ""
    ref: str | None = None
    commit: str | None = None
    branch: str | None = None
    repository: str | None = None
    dirty: bool | None = None
    digest: str | None = None
    submodules: Mapping[str, str] = {}
    patch: str | None = None
    bundles: Mapping[str, str] = {}
    left_out: tuple[str, ...] = ()


class PlannedLock(Struct, frozen=True, kw_only=True):
    """Which packages: the digest of the lock file that is kept beside the plan."""

    kind: str
    digest: str
    python: str
    packages: int
    origin: str
    pinned: bool = True
    as_of: str | None = None


class PlannedEnvironment(Struct, frozen=True, kw_only=True):
    """Which environment. `kind` is system, virtualenv, conda or docker; `lock` is None for the system, or before it is resolved.

    `manager` and `image` are what the person asked for (--env-manager, --in-image). `docker_args` are the options of the container (values of environment variables are not kept), and `build_image` says whether
    the code is baked into its image.
    """

    kind: str
    file: str | None = None
    python: str | None = None
    lock: PlannedLock | None = None
    docker_args: tuple[str, ...] = ()
    build_image: bool = False
    manager: str = "auto"
    image: str | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What a run executes.

    Attributes:
        parameters: declared parameters, raw text with defaults filled in; secrets are not here.
        extra_parameters: undeclared ones, appended to the command.
        secrets: names of the parameters whose values are not kept.
        command: the shell command; secrets are references to environment variables in it.
        inputs: parameter -> URI or path, for those that name data.
        input_digests: parameter -> digest of that data, once it is at hand.
        seed: of the project's `seed`; its program finds it as RUNNER_SEED.
        metrics, outputs: patterns of files that the program writes.
    """

    source: PlannedSource
    entry_point: str
    command: str
    environment: PlannedEnvironment
    project: str | None = None
    file: str | None = None
    parameters: Mapping[str, str] = {}
    extra_parameters: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    inputs: Mapping[str, str] = {}
    input_digests: Mapping[str, str] = {}
    seed: int | None = None
    metrics: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with the schema's number."""
        return {"schema": SCHEMA, **to_builtins(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan that `to_json` wrote.

        Raises:
            RunnerError: written by a newer version, or no plan at all.
        """
        if document.get("schema") != SCHEMA:
            raise RunnerError(
                f"a plan of schema {document.get('schema')!r} cannot be read",
                hint=f"this version reads schema {SCHEMA}",
            )
        msgspec = import_module("msgspec")  # late: who runs a project reads no plan
        try:
            found: Plan = msgspec.convert(document, cls)
        except msgspec.ValidationError as error:
            raise RunnerError(f"this is no plan: {error}") from error
        name = _unknown(document, found.to_json()) or _unknown_kind(found)
        if name is not None:
            raise RunnerError(f"this is no plan: {name!r} is not known", hint="take a newer runner")
        return found

    def locked(self, lock: PlannedLock | None) -> "Plan":
        """The same plan with its environment resolved."""
        return replace(self, environment=replace(self.environment, lock=lock))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: equal plans execute the same."""
        return f"sha256:{sha256(json.dumps(self.to_json(), sort_keys=True, separators=(',', ':')))}"


def _unknown(given: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """The first name that was given and is not known: what it means would be lost."""
    for key, value in given.items():
        if key not in known:
            return key
        if isinstance(value, Mapping) and (name := _unknown(value, known[key])) is not None:
            return name
    return None


def _unknown_kind(plan: Plan) -> str | None:
    kinds = ((plan.source.kind, SOURCES), (plan.environment.kind, ENVIRONMENTS))
    return next((kind for kind, known in kinds if kind not in known), None)
