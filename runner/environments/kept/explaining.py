"""Why an environment is reused, or is not: what decides its key, beside that of the nearest one in the cache."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from packaging.utils import canonicalize_name

from runner.environments import building, cache
from runner.environments.kept import listing
from runner.environments.kept.listing import Entry
from runner.environments.model import Lock
from runner.environments.python import pylock
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import EnvironmentSpec
from runner.settings import Settings

State = Literal["ready", "missing", "torn", "broken", "being built", "unknown"]

_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*==\s*([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is here one way, and there another; None where it is missing."""

    name: str
    there: object
    here: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """With another environment: an input or a package that is not named is the same.

    Attributes:
        key: of the other one; None where nobody knows it.
        seconds: what each step of its build took.
    """

    key: str | None
    inputs: tuple[Difference, ...]
    packages: tuple[Difference, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The environment that a run would have.

    Attributes:
        kind: "system", "virtualenv", "conda" or "image"; only the second and the third lie in the cache.
        state: "broken" if its interpreter is gone, "torn" if its build was ended, "unknown" where a container engine has it.
        inputs: what decides the key, by name.
        packages: name -> version, as the lock has them.
        seconds: what each step of its build took; empty if it is not ready.
        nearest: the environment in the cache with most in common, if this one is not there.
    """

    kind: str
    state: State = "missing"
    key: str | None = None
    path: Path | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    nearest: Comparison | None = None


def explain(
    spec: EnvironmentSpec, lock: Lock | None, *, directory: Path, settings: Settings, phase: Phase
) -> Explanation:
    """What `prepare` would do with this lock. Builds nothing.

    Raises:
        EnvironmentFailed: it could not even begin: no such interpreter, or a path that the lock names is gone.
    """
    if lock is None:
        return Explanation(kind="system", state="ready")
    if lock.kind == "image":
        return Explanation(kind="image", state="unknown")
    recipe = building.recipe(spec, lock, directory=directory, settings=settings, phase=phase)
    path = cache.environments(settings) / building.key_of(recipe)
    facts = cache.facts(path)
    found = Explanation(
        kind="conda" if lock.kind == "conda" else "virtualenv",
        state="ready" if facts else _state(path),
        key=path.name,
        path=path,
        inputs=dict(recipe.inputs),
        packages=locked_packages(lock.kind, lock.text),
        seconds=dict(facts.get("seconds", {})) if facts else {},
    )
    return found if facts else replace(found, nearest=_nearest(found, listing.entries(settings)))


def explain_entry(entry: Entry, settings: Settings) -> Explanation:
    """Why an environment was built: beside the nearest one that was there before and is there still."""
    found = Explanation(
        kind=entry.kind,
        state="ready",
        key=entry.key,
        path=entry.path,
        inputs=dict(entry.facts.get("inputs", {})),
        packages=_packages(entry),
        seconds=dict(entry.facts.get("seconds", {})),
    )
    older = [each for each in listing.entries(settings) if each.created < entry.created]
    return replace(found, nearest=_nearest(found, older))


def compare(
    found: Explanation,
    *,
    key: str | None,
    inputs: Mapping[str, object],
    packages: Mapping[str, str],
    seconds: Mapping[str, float],
) -> Comparison:
    """The environment beside another one, of which `inputs` may be known in part."""
    return Comparison(
        key=key,
        inputs=_differences(inputs, {name: found.inputs.get(name) for name in inputs}),
        packages=_differences(packages, found.packages),
        seconds=dict(seconds),
    )


def compare_entry(found: Explanation, entry: Entry) -> Comparison:
    """The environment beside one that is in the cache."""
    return compare(
        found,
        key=entry.key,
        inputs={**dict.fromkeys(found.inputs), **entry.facts.get("inputs", {})},
        packages=_packages(entry),
        seconds=entry.facts.get("seconds", {}),
    )


def locked_packages(kind: str, text: str) -> dict[str, str]:
    """Names, in their canonical form, and versions in the text of a lock; a commit where that is the version."""
    match kind:
        case "pylock":
            listed = pylock.parse(text, name="the lock").packages
            pairs = [(item["name"], _version(item)) for item in listed]
        case "requirements":
            pairs = _PINNED.findall(text)
        case "conda":
            pairs = _conda_packages(text)
        case _:
            pairs = []
    return {str(canonicalize_name(name)): version for name, version in pairs}


def _state(path: Path) -> State:
    if not path.exists():
        return "missing"
    if listing.being_built(path):
        return "being built"
    return "broken" if (path / cache.MARKER).exists() else "torn"


def _nearest(found: Explanation, entries: Iterable[Entry]) -> Comparison | None:
    """The environment of this kind with most packages in common, then with most inputs."""
    others = [entry for entry in entries if entry.kind == found.kind]
    compared = [compare_entry(found, entry) for entry in others]
    return min(compared, key=lambda other: (len(other.packages), len(other.inputs)), default=None)


def _packages(entry: Entry) -> dict[str, str]:
    """As its lock has them: a lock may list more than one platform needs."""
    for kind, name in {"pylock": "pylock.toml", "requirements": "requirements.lock.txt"}.items():
        if entry.facts.get("inputs", {}).get("kind") == kind and (entry.path / name).exists():
            with suppress(EnvironmentFailed, OSError, UnicodeDecodeError):
                return locked_packages(kind, (entry.path / name).read_text(encoding="utf-8"))
    return {str(canonicalize_name(name)): version for name, version in entry.packages}


def _version(package: Mapping[str, Any]) -> str:
    commit = package["vcs"].get("commit-id") if "vcs" in package else None
    return str(package.get("version") or commit or "a directory")


def _conda_packages(text: str) -> list[tuple[str, str]]:
    lockfile = import_module("runner.environments.conda.lockfile")
    solving = import_module("runner.environments.conda.solving")
    content = solving.for_this_platform(lockfile.read(text, name="the lock"))
    return [(item.name, item.version) for item in (*content.conda, *content.pip)]


def _differences(there: Mapping[str, object], here: Mapping[str, object]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name=name, there=there.get(name), here=here.get(name))
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    )
