"""What an environment in the cache tells of its packages: which modules each brings, and which others it requires."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from runner.environments.kept import contents

# Modules whose package has another name, for environments that are not at hand.
_OTHERWISE: Mapping[str, str] = {
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """`modules`: top-level name -> packages. `requires`: package -> packages."""

    modules: Mapping[str, frozenset[str]] = field(default_factory=dict)
    requires: Mapping[str, frozenset[str]] = field(default_factory=dict)


def installed(prefix: Path | None) -> Installed:
    """Read from the metadata of the packages; nothing of it without an environment."""
    modules: dict[str, frozenset[str]] = {}
    requires: dict[str, frozenset[str]] = {}
    for facts in contents.distributions(prefix) if prefix is not None else ():
        name = canonicalize_name(contents.name_of(facts))
        requires[name] = frozenset(_required(facts))
        for module in _modules(facts):
            modules[module] = modules.get(module, frozenset()) | {name}
    return Installed(modules=modules, requires=requires)


def guessed(module: str) -> str:
    """The package that most likely brings a module."""
    return _OTHERWISE.get(module) or canonicalize_name(module)


def _required(facts: Path) -> Iterator[str]:
    """Names that METADATA gives; those of extras are left out."""
    try:
        headers = HeaderParser().parsestr((facts / "METADATA").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    for line in headers.get_all("Requires-Dist", []):
        try:
            wanted = Requirement(str(line))
        except InvalidRequirement:
            continue
        if wanted.marker is None or "extra" not in str(wanted.marker):
            yield canonicalize_name(wanted.name)


def _modules(facts: Path) -> set[str]:
    """First parts of what RECORD lists, beside the metadata itself."""
    try:
        rows = (facts / "RECORD").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    tops = {row.partition(",")[0].partition("/")[0] for row in rows}
    names = {top.partition(".")[0] for top in tops if not top.endswith((".dist-info", ".data", ".pth"))}
    return {name for name in names if name.isidentifier() and name != "__pycache__"}
