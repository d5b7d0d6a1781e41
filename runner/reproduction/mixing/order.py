"""Packages behind those that they need, so that the first so many of them can mostly do without the rest."""

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def ordered(names: Sequence[str], needs: Mapping[str, Collection[str]]) -> list[str]:
    """The names, each family together: a package, and before it what it needs of the others. Circles stay as they are."""
    known = set(names)
    among = {name: sorted(known.intersection(needs.get(name, ())) - {name}) for name in names}
    try:
        rank = {name: place for place, name in enumerate(TopologicalSorter(among).static_order())}
    except CycleError:
        rank = dict.fromkeys(names, 0)
    families = _families(among)
    return sorted(names, key=lambda name: (families[name], rank[name], name))


def _families(needs: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """For each name the first of all that hang together with it."""
    first = {name: name for name in needs}

    def root(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    for name, others in needs.items():
        for other in others:
            low, high = sorted((root(name), root(other)))
            first[high] = low
    return {name: root(name) for name in needs}
