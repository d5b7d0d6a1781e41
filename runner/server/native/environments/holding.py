"""Whether a lock holds a package: `torch`, `torch 2.9`, `torch>=2.9,<3`."""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from runner.errors import RunnerError
from runner.server.errors import Malformed
from runner.server.native.environments import locks
from runner.server.native.environments.locks import KeptLock
from runner.tracking.model import Run

KEPT = 1000  # locks whose packages are remembered
_ASKED = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Holding:
    """A package; `beginning` of its version as text, or what the version has to be."""

    name: str
    beginning: str
    wanted: SpecifierSet

    @classmethod
    def parse(cls, text: str) -> "Holding":
        """
        Raises:
            Malformed: it is not written so.
        """
        found = _ASKED.fullmatch(text)
        version = found[2] if found else ""
        if re.fullmatch(r"=?\s*\d[\w.+!]*", version):
            version, beginning = "", version.removeprefix("=").strip()
        else:
            beginning = ""
        try:
            if found:
                return cls(canonicalize_name(found[1]), beginning, SpecifierSet(version, prereleases=True))
        except InvalidSpecifier:
            pass
        raise Malformed(f"{text!r} is no package: write it as torch, torch 2.9 or torch>=2.9,<3")

    def version_in(self, versions: Mapping[str, str]) -> str | None:
        """The version that a lock has of it; None where it has none that fits."""
        version = versions.get(self.name)
        if version is None or not any(map(self._fits, version.split(", "))):
            return None
        return version

    def _fits(self, version: str) -> bool:
        if self.beginning:
            return version == self.beginning or version.startswith(f"{self.beginning}.")
        try:
            return Version(version) in self.wanted
        except InvalidVersion:
            return not self.wanted


class Contents:
    """Names and versions in locks, remembered by where each was kept: to read one takes longer than to look into a hundred."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], Mapping[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, run: Run, lock: KeptLock) -> Mapping[str, str]:
        """Those of the lock of a run; none where it cannot be read."""
        key = run.artifact_uri, str(lock.facts.get("digest"))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            found = {each.name: each.version for each in locks.packages(lock)}
        except (RunnerError, *locks.TROUBLES):
            return {}
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        return found
