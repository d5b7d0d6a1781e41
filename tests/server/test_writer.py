"""Changes of many callers in one transaction: what one meets, the others do not hear of."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from runner.errors import NotFound
from runner.server.access.caller import everything
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking import Store, open_store
from runner.tracking.database import Connection
from runner.tracking.model import Entry, Metric
from runner.tracking.sql import recording
from runner.tracking.sql.runs import Row


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as store:
        yield store


def together(store: Store, *whats: Callable[[Store], Any] | Entry) -> list[Any]:
    """The outcomes, or errors, of changes that wait for each other."""

    async def all_of_them() -> list[Any]:
        with closing(Writer(store)) as writer:
            return await asyncio.gather(
                *(
                    writer.log(everything, what)
                    if isinstance(what, Entry)
                    else writer.change(everything, what)
                    for what in whats
                ),
                return_exceptions=True,
            )

    return asyncio.run(all_of_them())


def entry(run_id: str, step: int) -> Entry:
    return Entry(run_id, metrics=(Metric("loss", 0.5, 1, step),))


def test_an_error_that_nobody_foresaw_meets_only_the_one_who_caused_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = store.create_run("0").id, store.create_run("0").id
    write = recording.write

    def broken(db: Connection, entries: Sequence[tuple[Row, Entry]], models: Mapping[str, int] = {}) -> None:
        write(db, entries, models)
        if any(given.run_id == bad for _, given in entries):
            raise ZeroDivisionError

    monkeypatch.setattr(recording, "write", broken)

    outcomes = together(store, *(entry(bad if step == 7 else good, step) for step in range(20)))

    assert [type(outcome) for outcome in outcomes] == [
        ZeroDivisionError if step == 7 else type(None) for step in range(20)
    ]
    assert [point.step for point in store.metric_history(good, "loss")] == [*range(7), *range(8, 20)]
    assert store.run(bad).metrics == {}


def test_a_change_of_several_steps_is_kept_whole_or_not_at_all(store: Store) -> None:
    def two_steps(within: Store) -> None:
        within.create_experiment("half")
        within.delete_tag("unknown", "tag")

    outcomes = together(
        store, lambda within: within.create_experiment("before").name, two_steps,
        lambda within: within.create_experiment("after").name,
    )  # fmt: skip

    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == ("before", NotFound, "after")
    assert {found.name for found in store.experiments()} == {"Default", "before", "after"}
