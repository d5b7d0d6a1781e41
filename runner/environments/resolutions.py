"""Resolutions kept in the cache: the same question is asked once, and of many processes one asks it.

question = what decides the answer: what is wanted, for which machine, as of when; and where it was looked for

An imported environment (unpacking.py) brings its lock along. It answers without the network, wherever it was looked for.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from pathlib import Path

from msgspec.structs import asdict, replace

from runner.environments import cache
from runner.environments.model import Lock
from runner.files import sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings


def remembered(
    question: Iterable[object],
    make: Callable[[], Lock],
    *,
    sources: str = "",
    settings: Settings,
    phase: Phase,
    anew: bool = False,
) -> Lock:
    """A lock from the cache, without its interpreter, or made now and kept.

    Args:
        question: JSON values, no passwords among them.
        sources: fingerprint of where packages come from.
        anew: make it whatever is in the cache.
    """
    asked = [*question, cache.SCHEMA]
    bare, key = (sha256(json.dumps(parts))[:32] for parts in (asked, [*asked, sources]))
    path = cache.resolutions(settings) / f"{key}.json"
    known = None if anew else _load(path)
    if known is None and settings.offline and not anew:
        known = _load(_imported(bare, settings))
    if known:
        return known
    shared = cache.turn(path.with_suffix(".lock"), settings=settings, phase=phase)
    with shared if cache.writable(settings) else nullcontext():
        known = None if anew else _load(path)
        return known or _kept(make(), path, bare)


def answers(digest: str, settings: Settings) -> dict[str, Lock]:
    """The questions to which the lock with this digest was an answer."""
    found = {}
    for path in cache.resolutions(settings).glob("*.json"):
        lock = _load(path, used=False)
        question = json.loads(path.read_bytes()).get("question") if lock else None
        if lock and question and lock.digest == digest:
            found[str(question)] = lock
    return found


def bring(question: str, lock: Lock, settings: Settings) -> None:
    """Keep the answer of another machine; `question` as in `answers`."""
    _kept(lock, _imported(question, settings), question)


def _imported(question: str, settings: Settings) -> Path:
    return cache.resolutions(settings) / f"imported-{question}.json"


def _kept(lock: Lock, path: Path, question: str) -> Lock:
    with suppress(OSError):  # a full or read-only disk only costs the time to resolve again
        values = {**asdict(replace(lock, interpreter=None)), "question": question}
        write_atomically(path, json.dumps(values))
    return lock


def _load(path: Path, *, used: bool = True) -> Lock | None:
    try:
        values = json.loads(path.read_bytes())
        values.pop("question", None)
        lock = Lock(**(values | {"origin": "cached", "notices": tuple(values["notices"])}))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if used:
        cache.touch(path)
    return lock
