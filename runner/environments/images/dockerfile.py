"""A Dockerfile, as far as the images it needs: they are looked up first, so that they can be locked."""

import re
from collections.abc import Iterator, Mapping, Sequence

from runner.containers.references import Reference
from runner.errors import EnvironmentFailed

_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)", re.IGNORECASE)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*", re.IGNORECASE)
_COPY = re.compile(r"COPY\s+(?:--\S+\s+)*?--from=(\S+)\s", re.IGNORECASE)
_WORD = re.compile(r"(?:[^\s\"']|\"[^\"]*\"|'[^']*')+")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
EMPTY = "scratch"


def bases(text: str, args: Mapping[str, str], *, name: str = "Dockerfile") -> tuple[str, ...]:
    """The images that it begins or copies from, without its own stages; with the values of ARGs before the first FROM.

    Raises:
        EnvironmentFailed: it names one that is none.

    >>> bases("FROM python:3.12 AS one", {})
    ('python:3.12',)
    """
    values: dict[str, str] = {}
    stages: list[str] = []
    found: dict[str, None] = {}
    for number, line in _instructions(text):
        if not stages and line[:4].upper() == "ARG ":
            values |= _arguments(line[4:], values, args)
        elif hit := _FROM.fullmatch(line):
            image = _filled(hit[1], values)
            if image.lower() not in {EMPTY, *stages}:
                _check(image, hit[1], f"{name}:{number}")
                found[image] = None
            stages.append((hit[2] or "").lower())
        elif (hit := _COPY.match(line)) and not _is_stage(hit[1], stages):
            _check(hit[1], hit[1], f"{name}:{number}")
            found[hit[1]] = None
    return tuple(found)


def _arguments(text: str, values: Mapping[str, str], args: Mapping[str, str]) -> dict[str, str]:
    """The arguments that one ARG declares: `A=x B="y z" C`."""
    declared: dict[str, str] = {}
    for word in _WORD.findall(text):
        key, _, default = word.partition("=")
        declared[key] = args.get(key, _filled(default.strip("\"'"), {**values, **declared}))
    return declared


def _is_stage(source: str, stages: Sequence[str]) -> bool:
    return source.lower() in stages or (source.isdecimal() and int(source) < len(stages))


def _check(image: str, written: str, where: str) -> None:
    try:
        Reference.parse(image)
    except EnvironmentFailed as error:
        hint = (
            "give its ARG a default, or its value under `args` of `build`" if "$" in written else error.hint
        )
        told = f", which is {image!r}" if image != written else ""
        raise EnvironmentFailed(f"{where}: {written!r}{told}, is no name of an image", hint=hint) from error


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Lines that belong together as one, without comments, and the number of the last of them."""
    escape = hit[1] if (hit := _DIRECTIVE.match(text)) else "\\"
    waiting = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.endswith(escape):
            waiting += stripped[:-1] + " "
            continue
        yield number, (waiting + stripped).strip()
        waiting = ""


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda hit: values.get(hit[1] or hit[2]) or hit[3] or "", text)
