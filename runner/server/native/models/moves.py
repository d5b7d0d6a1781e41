"""Aliases that are moved, with who did it, when and why. The moves of a model are kept in a tag of it, the latest first."""

import msgspec

from runner.errors import Conflict
from runner.server.native.models.shapes import Move, MoveAlias
from runner.tracking.clock import now
from runner.tracking.registry import RegisteredModel
from runner.tracking.store import Store
from runner.tracking.tags import listed

TAG = "runner.alias.moves"
KEPT = 50


def of(model: RegisteredModel) -> list[Move]:
    """The moves; whoever may edit the model may have written anything there."""
    found = []
    for each in listed(model.tags.get(TAG, "[]"))[:KEPT]:
        try:
            found.append(msgspec.convert(each, Move, strict=False))
        except msgspec.ValidationError:
            continue
    return found


def move(store: Store, asked: MoveAlias, *, who: str) -> Move:
    """Move the alias, and note it.

    Raises:
        Conflict: somebody else has moved it meanwhile.
    """
    model = store.registry.get(asked.name)
    at = model.aliases.get(asked.alias)
    if at != asked.before:
        raise Conflict(
            f"@{asked.alias} is at {f'version {at}' if at else 'no version'} by now",
            hint="look at the model again",
        )
    if asked.version is None:
        store.registry.delete_alias(asked.name, asked.alias)
    else:
        store.registry.set_alias(asked.name, asked.alias, asked.version)
    made = Move(alias=asked.alias, from_=at, to=asked.version, why=asked.why, who=who, time=now())
    kept = msgspec.json.encode([made, *of(model)][:KEPT]).decode()
    store.registry.tag(asked.name, {TAG: kept})
    return made
