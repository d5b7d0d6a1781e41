"""Digests of artifacts that a program has put into an object store past us."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from runner.files import sha256
from runner.launch import artifacts
from runner.progress import Phase
from runner.settings import Settings
from runner.tracking import Artifacts, OpenStore, open_store


@pytest.fixture
def store(settings: Settings) -> Iterator[OpenStore]:
    with closing(open_store(settings)) as store:
        yield store


def digests(
    store: OpenStore, place: Artifacts, *, hurried: bool = False, **known: str
) -> dict[str, str | None]:
    found = artifacts.listed(store, place, known, phase=Phase("results"), hurried=lambda: hurried)
    return {item["path"]: item["digest"] for item in found}


def test_small_ones_are_fetched_and_large_ones_are_not(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(artifacts, "LARGEST", 10)
    monkeypatch.setattr(artifacts, "MOST", 15)
    place = Artifacts(f"memory:///{request.node.name}")
    for name, size in {"a": 10, "b": 11, "c": 6, "d": 5, "ours": 11, "runner/plan.json": 1}.items():
        place.put_bytes(b"x" * size, name)

    assert digests(store, place, ours="sha256:known") == {
        "a": f"sha256:{sha256(b'x' * 10)}",
        "b": None,  # larger than one may be
        "c": None,  # all together would be more than they may be
        "d": f"sha256:{sha256(b'x' * 5)}",
        "ours": "sha256:known",
    }


def test_nothing_is_read_any_more_when_somebody_asks_us_to_stop(
    store: OpenStore, request: pytest.FixtureRequest
) -> None:
    place = Artifacts(f"memory:///{request.node.name}")
    place.put_bytes(b"x", "a")

    assert digests(store, place, hurried=True) == {"a": None}
