"""`runner runs compare` through the front door."""

import json

from runner.tracking import Store
from tests.cli.records import cells, record
from tests.conftest import Cli


def test_two_runs_are_compared_by_their_differences(cli: Cli, store: Store) -> None:
    record(store, "a", loss=0.5, same=1, only=3)
    record(store, "b", loss=0.125, same=1)

    rows = cells(cli("runs", "compare", "a", "b").out)

    assert rows == [
        ["", "a", "b", "DELTA"],
        ["params.beta", "a", "b", ""],
        ["metrics.loss", "0.5", "0.125", "-0.375"],
        ["metrics.only", "3", "", ""],
    ]


def test_all_compares_what_is_the_same_too(cli: Cli, store: Store) -> None:
    record(store, "a", same=1)
    record(store, "b", same=1)

    rows = cells(cli("runs", "compare", "a", "b", "--all").out)

    assert ["status", "FINISHED", "FINISHED", ""] in rows
    assert ["params.alpha", "0.1", "0.1", ""] in rows
    assert ["metrics.same", "1", "1", "+0"] in rows


def test_three_runs_have_no_delta(cli: Cli, store: Store) -> None:
    for name, loss in (("a", 1), ("b", 2), ("c", 3)):
        record(store, name, loss=loss)

    rows = cells(cli("runs", "compare", "a", "b", "c").out)

    assert rows == [
        ["", "a", "b", "c"],
        ["params.beta", "a", "b", "c"],
        ["metrics.loss", "1", "2", "3"],
    ]


def test_runs_without_a_difference_say_so(cli: Cli, store: Store) -> None:
    record(store, "a")

    outcome = cli("runs", "compare", "a", "a")

    assert cells(outcome.out) == [["", "a", "a", "DELTA"]]
    assert "no differences" in outcome.err


def test_compare_gives_json(cli: Cli, store: Store) -> None:
    record(store, "a")
    record(store, "b")

    compared = json.loads(cli("runs", "compare", "b", "a", "--json").out)

    assert [run["name"] for run in compared] == ["b", "a"]
