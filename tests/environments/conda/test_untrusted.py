"""Locks that somebody has tampered with: read or refused, never a crash."""

import random
from collections.abc import Callable

import pytest

from runner.environments.conda import explicit, lockfile, pixi
from runner.environments.conda.packages import CondaLock
from runner.errors import EnvironmentFailed
from tests.environments.conda.test_lockfile import TEXT
from tests.environments.conda.test_shipped import EXPLICIT, PIXI_5, PIXI_6

ROUNDS = 400
JUNK = [
    "", "[]", "{}", "null", "1", "1e400", "0x10", "true", "2024-01-01", "!!python/object:os.system x", "&a *a", "*x", "\0",
    '"\\ud800"', "'", '"', ": :", "- - -", "? ", "%", "..", "\u2028", "http://[x/linux-64/a-1-0.conda", "git+https://x@y",
    "https://a@b:99999999/linux-64/python-3.10-h1_4.conda", "https://[v1.x]/noarch/tzdata-2025a-h7_0.tar.bz2", "file:///x",
]  # fmt: skip


def tampered(text: str, chance: random.Random) -> str:
    """Some lines lost, doubled or filled with something else, and something thrown in."""
    for _ in range(chance.randint(1, 3)):
        lines = text.split("\n")
        place = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                del lines[place]
            case 1:
                lines.insert(place, chance.choice(lines))
            case 2:
                key, colon, _rest = lines[place].partition(": ")
                lines[place] = f"{key}: {chance.choice(JUNK)}" if colon else chance.choice(JUNK)
            case _:
                place = chance.randrange(len(text) + 1)
                lines = [text[:place] + chance.choice(JUNK) + text[place:]]
        text = "\n".join(lines)
    return text


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda text: lockfile.read(text, name="it"), TEXT),
        (lambda text: explicit.read(text, name="it", platform="linux-64"), EXPLICIT),
        (lambda text: pixi.read(text, name="it"), PIXI_5),
        (lambda text: pixi.read(text, name="it"), PIXI_6),
    ],
    ids=["conda-lock", "explicit", "pixi 5", "pixi 6"],
)
def test_a_tampered_lock_is_read_or_refused_in_words(read: Callable[[str], CondaLock], text: str) -> None:
    taken = refused = 0
    for seed in range(ROUNDS):
        try:
            lock = read(tampered(text, random.Random(seed)))
            again = lockfile.read(lockfile.write(lock), name="again")
            taken += 1
        except EnvironmentFailed:
            refused += 1
        else:
            assert {package.url for package in again.conda} == {package.url for package in lock.conda}
            assert again.seal == (lockfile.seal(lock) if lock.made_here else "")

    assert taken > 10
    assert refused > 100
