"""Two locks of one kind, taken apart and put together anew: some packages of the one, the rest of the other.

Lock A, Lock B ─► taken apart (one module per kind) ─► changed packages ─► those of B among those of A ─► Lock

Nothing is resolved: a mixture that contradicts itself is written all the same.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from runner.environments.model import Lock
from runner.reproduction.mixing import conda, images, pylocks, requirements
from runner.reproduction.mixing.order import ordered
from runner.reproduction.mixing.parts import Part, Parts, Unmixable

__all__ = ["Changed", "Unmixable", "changed", "mixed"]

_Apart: TypeAlias = Callable[[Lock], Parts]
_Together: TypeAlias = Callable[[Parts, Parts, Mapping[str, Part]], Lock]

_KINDS: Mapping[str, tuple[_Apart, _Together]] = {
    "pylock": (pylocks.apart, pylocks.together),
    "requirements": (requirements.apart, requirements.together),
    "conda": (conda.apart, conda.together),
    "image": (images.apart, images.together),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A package in which two locks differ; versions are None where it is not there."""

    name: str
    before: str | None
    after: str | None


def changed(a: Lock, b: Lock) -> tuple[Changed, ...]:
    """In what `b` differs from `a`; a package comes behind those that it needs, as far as the locks tell.

    Raises:
        Unmixable: they are of different kinds, or a lock cannot be taken apart.
    """
    before, after = _apart(a, b)
    return tuple(
        Changed(name=name, before=_version(before, name), after=_version(after, name))
        for name in ordered(_differing(before, after), _needs(before, after))
    )


def mixed(a: Lock, b: Lock, names: Collection[str]) -> Lock:
    """The lock that is `a` with the packages of these `names` as in `b`: other versions, added, or removed.

    Raises:
        Unmixable: as `changed`.
    """
    before, after = _apart(a, b)
    differing = set(_differing(before, after))
    chosen = differing.intersection(names)
    if not chosen:
        return a
    if chosen == differing:
        return b
    packages = {name: part for name, part in before.packages.items() if name not in chosen}
    packages |= {name: part for name, part in after.packages.items() if name in chosen}
    together = _KINDS[a.kind][1]
    lock = together(before, after, dict(sorted(packages.items())))
    return replace(lock, origin="mixed", as_of=None, notices=(), interpreter=None)


def _apart(a: Lock, b: Lock) -> tuple[Parts, Parts]:
    if a.kind != b.kind:
        raise Unmixable(f"a lock of kind {a.kind} and one of kind {b.kind} cannot be mixed")
    apart = _KINDS[a.kind][0]
    return apart(a), apart(b)


def _differing(before: Parts, after: Parts) -> list[str]:
    names = sorted(before.packages.keys() | after.packages.keys())
    return [name for name in names if _identity(before, name) != _identity(after, name)]


def _needs(*sides: Parts) -> Mapping[str, set[str]]:
    return {
        name: {need for side in sides if name in side.packages for need in side.packages[name].needs}
        for name in {name for side in sides for name in side.packages}
    }


def _identity(parts: Parts, name: str) -> object:
    part = parts.packages.get(name)
    return part.identity if part else None


def _version(parts: Parts, name: str) -> str | None:
    part = parts.packages.get(name)
    return part.version if part else None
