"""What was changed in environments after they were built: every file against what its package says of it, or our notes.

Where files are hard links, an edit in one environment is an edit in the package cache and in each environment that
shares the file: they are named, and mended together.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from runner.environments import cache
from runner.environments.kept import contents, listing, notes
from runner.environments.kept.contents import Listed
from runner.environments.kept.listing import Entry
from runner.environments.python import uv
from runner.process import capture
from runner.progress import Phase
from runner.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found in one environment; paths count from its prefix.

    Attributes:
        changed, missing, added: files.
        unverifiable: packages that are links to a directory.
        sharing: keys of the other environments that have one of the changed files, as hard links.
        suspicious: packages whose files are changed in the package cache as well.
    """

    entry: Entry
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    unverifiable: tuple[str, ...] = ()
    sharing: tuple[str, ...] = ()
    suspicious: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Nothing differs."""
        return not (self.changed or self.missing or self.added)


def verify(entry: Entry, *, settings: Settings, phase: Phase) -> Verification:
    """Compare each file of an environment with what was installed. Bytecode is passed over."""
    phase.update(f"checking {entry.key[:12]}")
    prefix = entry.path
    listed, noted, there = contents.listed(prefix), notes.noted(prefix), notes.files(prefix)
    known = {path: item.digest for path, item in listed.items() if item.digest is not None} | (noted or {})
    missing = (known.keys() | listed.keys()) - there
    found = Verification(
        entry=entry,
        changed=tuple(sorted({*_changed(prefix, known, there), *_wrong_base(entry)})),
        missing=tuple(sorted(missing if noted is not None else {*missing, notes.NOTES})),
        added=tuple(sorted(_added(prefix, listed, known, there))) if noted is not None else (),
        unverifiable=tuple(_editable(prefix)),
    )
    return _with_sharers(found, listed, settings=settings, phase=phase)


def repair(found: Verification, *, settings: Settings, phase: Phase) -> list[str]:
    """Remove the environment, those that share its changed files, and these packages from the package cache.

    The next run that needs one of them builds it anew. Gives the keys of the removed.

    Raises:
        EnvironmentFailed: one of them is in use. Nothing is removed then.
    """
    keys = [found.entry.key, *found.sharing]
    listing.refuse_in_use(settings, keys)
    _forget(found, settings, phase)
    for key in keys:
        listing.remove(settings, key)
    return keys


def _changed(prefix: Path, known: dict[str, str], there: set[str]) -> Iterator[str]:
    paths = sorted(known.keys() & there)
    states = notes.states_of(prefix, paths)
    yield from (path for path, state in zip(paths, states, strict=True) if state != known[path])


def _added(prefix: Path, listed: dict[str, Listed], known: dict[str, str], there: set[str]) -> Iterator[str]:
    foreign = {contents.name_of(path) for path in _foreign(prefix, known)}
    for path in there:
        if listed[path].package in foreign if path in listed else path not in known:
            yield path


def _foreign(prefix: Path, known: dict[str, str]) -> Iterator[Path]:
    """Metadata directories of Python packages that somebody installed later on."""
    for path in contents.distributions(prefix):
        record = path / "RECORD"
        if record.exists() and record.relative_to(prefix).as_posix() not in known:
            yield path


def _wrong_base(entry: Entry) -> Iterator[str]:
    """Where the environment's Python comes from, if that is no longer what it was built on."""
    interpreter = entry.facts.get("interpreter")
    if entry.kind != "virtualenv" or not interpreter:
        return
    base = Path(interpreter).resolve()
    if (entry.path / "bin/python").resolve() != base:
        yield "bin/python"
    said = _configuration(entry.path / "pyvenv.cfg")
    home = Path(said.get("home", ""), "python").parent.resolve()
    version = said.get("version_info") or said.get("version", "")
    if (
        home not in {base.parent, Path(interpreter).parent.resolve()}
        or not version.startswith(entry.python)
        or said.get("include-system-site-packages", "false") != "false"
    ):
        yield "pyvenv.cfg"


def _configuration(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _editable(prefix: Path) -> list[str]:
    return [contents.name_of(path) for path in contents.distributions(prefix) if contents.is_editable(path)]


def _with_sharers(
    found: Verification, listed: dict[str, Listed], *, settings: Settings, phase: Phase
) -> Verification:
    """Look for whom the changed files are the same files."""
    links = {path: _identity(found.entry.path / path) for path in found.changed if path in listed}
    shared = {path: identity for path, identity in links.items() if identity and identity[2] > 1}
    if not shared:
        return found
    phase.update("looking for environments that share the changed files")
    inodes = {identity[:2] for identity in shared.values()}
    others = [item for item in listing.entries(settings) if item.key != found.entry.key]
    holders = {item.key: len(inodes & _inodes(item.path)) for item in others}
    return replace(
        found,
        sharing=tuple(key for key, count in holders.items() if count),
        suspicious=tuple(sorted({listed[path].package for path in shared})),
    )


def _identity(path: Path) -> tuple[int, int, int] | None:
    with suppress(OSError):
        status = path.lstat()
        return status.st_dev, status.st_ino, status.st_nlink
    return None


def _inodes(prefix: Path) -> set[tuple[int, int]]:
    found = (_identity(prefix / path) for path in contents.files(prefix))
    return {identity[:2] for identity in found if identity}


def _forget(found: Verification, settings: Settings, phase: Phase) -> None:
    """Drop the changed packages from the package caches, so that they are fetched anew."""
    if not found.suspicious:
        return
    phase.update("removing the changed packages from the package cache")
    program = uv.find(settings)
    conda = {record["name"]: record for _, record in contents.conda_packages(found.entry.path)}
    ours = [name for name in found.suspicious if name not in conda]
    if program and ours:
        capture([program, "cache", "clean", "--", *ours], env=uv.environment(settings))
    for name in found.suspicious:
        unpacked = Path(conda.get(name, {}).get("extracted_package_dir") or "/").resolve()
        if unpacked.parent == cache.conda_packages(settings).resolve():
            cache.discard(unpacked, settings)
