"""Resolutions kept in the cache: the same question is asked once, and of many processes one asks it.

question = everything that decides the answer: what is wanted, for which machine, from where, as of when
"""

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path

from runner.environments import cache
from runner.environments.model import Lock
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings


def remembered(
    question: Iterable[object],
    make: Callable[[], Lock],
    *,
    settings: Settings,
    phase: Phase,
    anew: bool = False,
) -> Lock:
    """A lock from the cache, without its interpreter, or made now and kept.

    Args:
        question: JSON values, no passwords among them.
        anew: make it whatever is in the cache.
    """
    key = sha256(json.dumps([*question, cache.SCHEMA]))[:32]
    path = cache.resolutions(settings) / f"{key}.json"
    known = None if anew else _load(path)
    if known:
        return known
    shared = cache.turn(path.with_suffix(".lock"), settings=settings, phase=phase)
    with shared if cache.writable(settings) else nullcontext():
        known = None if anew else _load(path)
        return known or _kept(make(), path)


def _kept(lock: Lock, path: Path) -> Lock:
    with suppress(OSError):  # a full or read-only disk only costs the time to resolve again
        write_atomically(path, json.dumps(asdict(replace(lock, interpreter=None))))
    return lock


def _load(path: Path) -> Lock | None:
    try:
        values = json.loads(path.read_bytes())
        lock = Lock(**(values | {"origin": "cached", "notices": tuple(values["notices"])}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    cache.touch(path)
    return lock
