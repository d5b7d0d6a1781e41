"""The data that a run read, into its bundle: where it is small enough, or asked for, and still what it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner import digests, sources
from runner.bundles.layout import INPUTS, KeptInput
from runner.errors import InputError, RunnerError
from runner.progress import Phase
from runner.records.model import Recorded
from runner.settings import Settings
from runner.tracking.artifacts import safe


@dataclass(slots=True)
class Inputs:
    """The inputs of one run on their way; `missing` says which of them are not packed, and why."""

    recorded: Recorded
    settings: Settings
    phase: Phase
    missing: list[str] = field(default_factory=list)

    def gathered(self, *, limit: int | None) -> tuple[Mapping[str, KeptInput], dict[str, Path]]:
        """Each input as the bundle has it, and the files for it by member."""
        kept: dict[str, KeptInput] = {}
        files: dict[str, Path] = {}
        for number, (name, uri) in enumerate(sorted(self.recorded.plan.inputs.items()), start=1):
            digest = self.recorded.plan.input_digests.get(name)
            kept[name] = KeptInput(uri=sources.strip_credentials(uri), digest=digest)
            try:
                found = self._files(name, uri, f"{INPUTS}{number}", limit)
            except RunnerError as error:
                self.missing.append(f"input {name} is not packed: {error}")
                continue
            if found:
                files |= found
                kept[name] = KeptInput(uri=kept[name].uri, digest=digest, file=_common(found, number))
        return kept, files

    def _files(self, name: str, uri: str, place: str, limit: int | None) -> dict[str, Path]:
        """Its files by member; none where it is in the code, or too large."""
        if self._is_in_project(name):
            return {}
        path = self._path(uri, limit)
        if path is None:
            self.missing.append(
                f"input {name} is not packed, only named: it is at {sources.strip_credentials(uri)}"
            )
            return {}
        found = digests.digest(path, cache=self.settings.cache, phase=self.phase)
        if limit is not None and found.bytes > limit:
            self.missing.append(f"input {name} is not packed, only named: it has {found.bytes:,} bytes")
            return {}
        told = self.recorded.plan.input_digests.get(name)
        if told is not None and told != found.digest:
            raise InputError(f"{path} is not what the run read, it has changed since")
        return _listed(path, place)

    def _is_in_project(self, name: str) -> bool:
        """Whether it came with the code, and so comes with it again."""
        facts = self.recorded.record.get("inputs")
        mine = [one for one in facts if isinstance(one, dict)] if isinstance(facts, list) else []
        return any(one.get("name") == name and one.get("in_project") for one in mine)

    def _path(self, uri: str, limit: int | None) -> Path | None:
        """Where it is on this machine; what is elsewhere is fetched only if all is asked for."""
        if sources.is_remote(uri):
            local = sources.local_file(uri)
            if local is not None or limit is not None:
                return local
            return sources.fetch_input(uri, settings=self.settings, phase=self.phase)
        source = self.recorded.plan.source
        bases = [Path.cwd()]
        if source.kind == "directory":
            bases.insert(0, Path(source.uri) / source.subdirectory)
        places = [(base / Path(uri).expanduser()).absolute() for base in bases]
        found = next((place for place in places if place.exists()), None)
        if found is None:
            raise InputError(f"there is no {uri!r} on this machine")
        return found


def _listed(path: Path, place: str) -> dict[str, Path]:
    """The files of an input by member.

    Raises:
        InputError: there is something among them that a bundle does not hold.
    """
    if path.is_file():
        return {f"{place}/{safe(path.name)}": path}
    found = {}
    for file in sorted(path.rglob("*")):
        if file.is_symlink() or not (file.is_file() or file.is_dir()):
            raise InputError(f"{file} is a link or a device, and a bundle holds files only")
        if file.is_file():
            found[f"{place}/data/{safe(file.relative_to(path).as_posix())}"] = file
    return found


def _common(found: Mapping[str, Path], number: int) -> str:
    """The member of a file, or the directory of all members of a directory."""
    first = next(iter(found))
    return f"{INPUTS}{number}/data" if first.startswith(f"{INPUTS}{number}/data/") else first
