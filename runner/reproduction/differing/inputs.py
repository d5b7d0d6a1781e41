"""What was read: the data that parameters name, by digest."""

from collections.abc import Iterator, Mapping
from typing import Any

from runner.reproduction.differing import weights
from runner.reproduction.differing.parameters import changed
from runner.reproduction.differing.sides import Side
from runner.reproduction.model import Aspect, Difference

_SHORT = 12


def differences(first: Side, second: Side) -> Iterator[Difference]:
    """For each parameter that names data in both."""
    mine, theirs = _digests(first), _digests(second)
    for name in sorted({*mine, *theirs}):
        before, after = mine.get(name), theirs.get(name)
        if before == after:
            continue
        both = before is not None and after is not None
        if not both and name in first.plan.inputs and name in second.plan.inputs:
            detail, weight = "of one of them nobody knows what it held", weights.UNKNOWN_DATA
        else:
            detail, weight = _where(name, second), weights.DATA
        yield Difference(
            aspect=Aspect.DATA,
            name=name,
            before=_told(before, first, name),
            after=_told(after, second, name),
            change=changed(before, after),
            detail=detail,
            weight=weight,
        )


def _digests(side: Side) -> dict[str, str]:
    found = {name: str(facts["digest"]) for name, facts in _recorded(side).items() if facts.get("digest")}
    return found | dict(side.plan.input_digests)


def _recorded(side: Side) -> dict[str, Mapping[str, Any]]:
    """What the record says of each input."""
    found = side.record.get("inputs")
    facts = [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []
    return {str(item.get("name")): item for item in facts}


def _told(digest: str | None, side: Side, name: str) -> str | None:
    """`3f2a91c04b1d, 1,204 bytes`."""
    if digest is None:
        return None
    size = _recorded(side).get(name, {}).get("bytes")
    short = digest.rpartition(":")[2][:_SHORT]
    return f"{short}, {size:,} bytes" if isinstance(size, int) else short


def _where(name: str, side: Side) -> str:
    return side.plan.inputs.get(name, "")
