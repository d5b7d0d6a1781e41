"""Two documents of what a client read, made comparable: what is new in each run of the script gets a placeholder.

Ids, experiments and made-up names are numbered in the order in which they appear, so that what is the same thing in one
document must be the same thing in the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

BEGAN = 1_700_000_000_000  # times that the script itself gives are before
PATTERNS = (
    ("model", re.compile(r"\bm-[0-9a-f]{32}\b")),
    ("uuid", re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")),
    ("id", re.compile(r"\b[0-9a-f]{32}\b")),
    ("name", re.compile(r"^[a-z]+-[a-z]+-\d{1,6}$")),
    ("experiment", re.compile(r"(?<=mlflow-artifacts:/)\d+(?=/|$)")),
)
ALIKE = (
    ("<time>", re.compile(r"\b1[789]\d{11}\b")),
    ("<time>", re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*")),
    ("<artifacts>", re.compile(r"^file:///.*(?=/<experiment)")),
)


@dataclass
class Placeholders:
    """One flow's; a thing keeps its placeholder."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)

    def normal(self, value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {self.text(name): self.normal(value[name], name) for name in sorted(value)}
            case list():
                return [self.normal(item) for item in value]
            case str() if key == "experiment_id":
                return self.placed("experiment", value)
            case str():
                return self.text(value)
            case int() if value > BEGAN:
                return "<time>"
        return value

    def text(self, text: str) -> str:
        for kind, pattern in PATTERNS:
            text = pattern.sub(partial(self._hit, kind), text)
        for placeholder, pattern in ALIKE:
            text = pattern.sub(placeholder, text)
        return text

    def _hit(self, kind: str, hit: re.Match[str]) -> str:
        return self.placed(kind, hit[0])

    def placed(self, kind: str, found: str) -> str:
        """The placeholder of that thing, a new one if it was not seen before."""
        number = sum(known == kind for known, _ in self.given) + 1
        return self.given.setdefault((kind, found), f"<{kind} {number}>")


@dataclass(frozen=True)
class Difference:
    """`place` is the way to it, from the name of the flow, with dots."""

    place: str
    ours: object
    theirs: object


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Difference]:
    """Where two documents differ, field by field."""
    for name in sorted(ours.keys() | theirs.keys()):
        pair = (Placeholders().normal(document.get(name)) for document in (ours, theirs))
        yield from _between(name, *pair)


def _between(place: str, ours: object, theirs: object) -> Iterator[Difference]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from _between(f"{place}.{key}", ours.get(key), theirs.get(key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from _between(f"{place}.{number}", *pair)
    elif ours != theirs and (ours == ours or theirs == theirs):  # noqa: PLR0124 - two that are not a number are alike
        yield Difference(place, ours, theirs)
