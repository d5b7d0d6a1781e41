"""The shortcut of an ordered search gives what the whole search gives."""

import math
import random
from itertools import product

import pytest

from runner.tracking import Store
from runner.tracking.model import Metric
from runner.tracking.sql import searching

VALUES = [0.1, 0.2, 0.2, 0.3, 0.3, 0.3, 0.4, math.nan, math.inf, -1.0, None]
FILTERS = ["", "metrics.loss > 0.1", "params.kind = 'a'", "params.kind = 'none'", "tags.odd IS NULL"]
ORDERS = [
    ["-metrics.loss"],
    ["metrics.loss"],
    ["metrics.loss DESC", "params.kind"],
    ["params.kind", "metrics.loss"],
]


@pytest.fixture
def seeded(store: Store) -> Store:
    choose = random.Random(7)
    other = store.create_experiment("other").id
    for number in range(60):
        run = store.create_run(
            choose.choice(["0", "0", other]),
            name=str(number),
            started=number // 2,
            params={"kind": choose.choice("ab")},
            tags={"odd": "1"} if number % 2 else {},
        )
        value = choose.choice(VALUES)
        if value is not None:
            store.log(run.id, metrics=[Metric("loss", value, 1)])
        if number % 7 == 0:
            store.delete_run(run.id)
    return store


def all_pages(store: Store, *, text: str, order_by: list[str], limit: int) -> list[str]:
    names: list[str] = []
    token: str | None = None
    while True:
        page = store.search_runs(
            experiment_ids=["0"], filter=text, order_by=order_by, limit=limit, page_token=token
        )
        names += [run.name for run in page.items]
        token = page.next_token
        if token is None:
            return names


def test_pages_are_the_same_with_many_few_and_no_candidates(
    seeded: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, order_by in product(FILTERS, ORDERS):
        whole = all_pages(seeded, text=text, order_by=order_by, limit=1000)
        for candidates, limit in product((1, 5, 12, 1000), (1, 4)):
            monkeypatch.setattr(searching, "CANDIDATES", candidates)

            assert all_pages(seeded, text=text, order_by=order_by, limit=limit) == whole


def test_the_shortcut_is_taken_for_one_experiment_and_a_metric_first() -> None:
    taken = searching.compiled("", order_by=["metrics.loss"], experiment_ids=["0"])
    others = [
        searching.compiled("", order_by=["metrics.loss"]),
        searching.compiled("", order_by=["metrics.loss"], experiment_ids=["0", "1"]),
        searching.compiled("", order_by=["params.kind", "metrics.loss"], experiment_ids=["0"]),
        searching.compiled("", experiment_ids=["0"]),
    ]

    assert taken.shortcut is not None
    assert [each.shortcut for each in others] == [None] * 4
