"""A Dockerfile, as far as its base images: they are looked up first, so that they can be locked."""

import re
from collections.abc import Iterator, Mapping

_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)(?:=(\"[^\"]*\"|'[^']*'|\S*))?", re.IGNORECASE)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
EMPTY = "scratch"


def bases(text: str, args: Mapping[str, str]) -> tuple[str, ...]:
    """The images that it begins from, without its own stages; with the values of ARGs before the first FROM.

    >>> bases("FROM python:3.12 AS one", {})
    ('python:3.12',)
    """
    values: dict[str, str] = {}
    stages = {EMPTY}
    found: dict[str, None] = {}
    for line in _instructions(text):
        if (hit := _ARG.fullmatch(line)) and not found:
            default = _filled((hit[2] or "").strip("\"'"), values)
            values[hit[1]] = args.get(hit[1], default)
        elif hit := _FROM.fullmatch(line):
            image = _filled(hit[1], values)
            if image.lower() not in stages:
                found[image] = None
            stages.add((hit[2] or "").lower())
    return tuple(found)


def _instructions(text: str) -> Iterator[str]:
    """Lines that belong together as one, without comments."""
    escape = hit[1] if (hit := _DIRECTIVE.match(text)) else "\\"
    waiting = ""
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.endswith(escape):
            waiting += stripped[:-1] + " "
            continue
        yield (waiting + stripped).strip()
        waiting = ""


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda hit: values.get(hit[1] or hit[2]) or hit[3] or "", text)
