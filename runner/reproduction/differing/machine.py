"""Where it ran: kind of environment, interpreter, image, environment variables, hardware."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from runner.environments.images.document import Document, Pinned
from runner.errors import EnvironmentFailed
from runner.reproduction.differing import weights
from runner.reproduction.differing.parameters import changed
from runner.reproduction.differing.sides import Side, table
from runner.reproduction.differing.versions import direction, step
from runner.reproduction.model import Aspect, Difference

_GIB = 1 << 30


def differences(first: Side, second: Side) -> Iterator[Difference]:
    """All of it."""
    yield from _environment(first, second)
    yield from _interpreter(first, second)
    yield from _image(first, second)
    yield from _variables(first, second)
    yield from _facts(first, second)


def _environment(first: Side, second: Side) -> Iterator[Difference]:
    mine, theirs = first.plan.environment, second.plan.environment
    if mine.kind != theirs.kind:
        yield _difference(Aspect.INTERPRETER, "environment", mine.kind, theirs.kind, weights.KIND)
    before, after = " ".join(mine.docker_args), " ".join(theirs.docker_args)
    if before != after:
        yield _difference(
            Aspect.IMAGE, "docker arguments", before or None, after or None, weights.DOCKER_ARGUMENTS
        )


def _interpreter(first: Side, second: Side) -> Iterator[Difference]:
    mine, theirs = _python(first), _python(second)
    before, after = mine.get("version"), theirs.get("version")
    if before and after and before != after:
        yield Difference(
            aspect=Aspect.INTERPRETER,
            name="python",
            before=before,
            after=after,
            change=direction(before, after),
            weight=weights.INTERPRETER[step(before, after)],
        )
    names = [python.get("implementation") for python in (mine, theirs)]
    if all(names) and names[0] != names[1]:
        yield _difference(Aspect.INTERPRETER, "implementation", names[0], names[1], weights.IMPLEMENTATION)


def _python(side: Side) -> dict[str, str]:
    """What the record says of it, else for which the lock was resolved."""
    found = table(table(side.record, "environment"), "interpreter")
    texts = {key: str(value) for key, value in found.items() if value}
    lock = side.plan.environment.lock
    return {"version": lock.python, **texts} if lock and lock.python else texts


def _image(first: Side, second: Side) -> Iterator[Difference]:
    mine, theirs = _document(first), _document(second)
    if mine.build != theirs.build:
        before, after = (document.build.inputs if document.build else None for document in (mine, theirs))
        yield _difference(Aspect.IMAGE, "build", before, after, weights.IMAGE)
        return
    before, after = (document.image.reference if document.image else None for document in (mine, theirs))
    if not _same_image(mine.image, theirs.image):
        before, after = _pinned(mine.image), _pinned(theirs.image)
        yield _difference(Aspect.IMAGE, "image", before, after, weights.IMAGE)
    elif before != after:
        yield _difference(
            Aspect.IMAGE, "image name", before, after, weights.IMAGE_NAME, detail="the same image"
        )


def _document(side: Side) -> Document:
    if side.lock is not None and side.lock.kind == "image":
        with suppress(EnvironmentFailed):  # packages.py tells of a lock that cannot be read
            return Document.parse(side.lock.text)
    return Document()


def _same_image(first: Pinned | None, second: Pinned | None) -> bool:
    """By id, or by the digest that a registry has for all platforms."""
    if first is None or second is None:
        return first is second
    digests = {pinned.digest.rpartition("@")[2] if pinned.digest else pinned.id for pinned in (first, second)}
    return first.id == second.id or len(digests) == 1


def _pinned(image: Pinned | None) -> str | None:
    if image is None:
        return None
    digest = image.digest or image.id
    return digest if "@" in digest else f"{image.reference}@{digest}"


def _variables(first: Side, second: Side) -> Iterator[Difference]:
    if not all("variables" in side.record for side in (first, second)):
        return  # a run that was lost, or that others have recorded, tells of none
    mine, theirs = (table(side.record, "variables") for side in (first, second))
    for name in sorted({*mine, *theirs}):
        before, after = _text(mine.get(name)), _text(theirs.get(name))
        if before != after:
            yield _difference(Aspect.VARIABLE, name, before, after, weights.variable(name))


def _facts(first: Side, second: Side) -> Iterator[Difference]:
    mine, theirs = (table(side.record, "machine") for side in (first, second))
    for name in sorted(
        {*mine} & {*theirs}
    ):  # what only one of them knows was not asked at the time of the other
        before, after = (_fact(name, facts[name]) for facts in (mine, theirs))
        if before != after:
            weight = weights.MACHINE.get(name, weights.OTHER_FACT)
            yield _difference(Aspect.MACHINE, name.replace("_", " "), before, after, weight)


def _fact(name: str, value: Any) -> str | None:
    match value:
        case int() if name == "memory":
            return f"{value / _GIB:.1f} GiB"
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value) or None
        case _:
            return _text(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping | list) else str(value)


def _difference(
    aspect: Aspect, name: str, before: str | None, after: str | None, weight: float, *, detail: str = ""
) -> Difference:
    return Difference(
        aspect=aspect,
        name=name,
        before=before,
        after=after,
        change=changed(before, after),
        detail=detail,
        weight=weight,
    )
