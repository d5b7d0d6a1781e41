"""Many runs at once: what the database answers is what one finds by looking at every run."""

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from runner.errors import FilterError
from runner.tracking import Store
from runner.tracking.filters import Name
from runner.tracking.model import Metric, Run, RunStatus
from runner.tracking.sql import keys, summaries
from runner.tracking.tables import Bucket, Chosen, Line, Span, Value

DAY = 86_400_000
VALUES = [0.1, 0.2, 0.2, 0.3, -1.5, 1e300, math.nan, math.inf, -math.inf, 0.0, None]
LRS = ["0.1", "0.01", "1e-3", "auto", None]

Fits = Callable[[Run], bool]


@pytest.fixture
def seeded(store: Store) -> Store:
    """Eighty runs in two experiments, some deleted; what they have, they have by chance."""
    choose = random.Random(3)
    with store.joined() as joined:
        other = joined.create_experiment("other").id
        for number in range(60):
            _made(joined, number, choose.choice(["0", "0", other]), choose)
    return store


def _made(store: Store, number: int, experiment: str, choose: random.Random) -> None:
    lr = choose.choice(LRS)
    run = store.create_run(
        experiment,
        name=f"run-{number:02}",
        user=choose.choice(["ann", "bob"]),
        status=choose.choice([RunStatus.RUNNING, RunStatus.FAILED, RunStatus.LOST, RunStatus.FINISHED]),
        started=1000 * (number // 2),
        params={"same": "1", **({"lr": lr} if lr else {})},
        tags={"team": choose.choice(["vision", "50%", "a_b"])} if number % 3 else {},
    )
    store.log(run.id, metrics=_points(choose))
    if number % 4:
        store.update_run(run.id, ended=1000 * (number // 2) + choose.choice([10, 90_000]))
    if number % 9 == 0:
        store.delete_run(run.id)


def _points(choose: random.Random) -> list[Metric]:
    points = [Metric("val/acc", choose.random(), 5 + step, step) for step in range(choose.choice([0, 1, 6]))]
    value = choose.choice(VALUES)
    return points if value is None else [*points, Metric("loss", value, 1)]


def everything(store: Store, *experiments: str) -> list[Run]:
    """All runs, newest first."""
    found = store.search_runs(experiment_ids=experiments or None, limit=1000).items
    return sorted(found, key=lambda run: (-(run.started or 0), -int(run.name[4:])))


def number(run: Run, param: str) -> float | None:
    try:
        return float(run.params[param])
    except (KeyError, ValueError):
        return None


def loss(run: Run) -> float:
    """Infinities are stored as the greatest numbers."""
    value = run.metrics["loss"].value if "loss" in run.metrics else math.nan
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


FILTERS: dict[str, Fits] = {
    "": lambda _: True,
    "lr < 0.05": lambda run: (number(run, "lr") or 1) < 0.05,
    "params.lr = auto": lambda run: run.params.get("lr") == "auto",
    "lr is null": lambda run: "lr" not in run.params,
    "params.lr is not null and loss < 0.25": lambda run: "lr" in run.params and loss(run) < 0.25,
    "lr != 0.1": lambda run: number(run, "lr") not in {None, 0.1},
    "metrics.val/acc >= 0.5": lambda run: "val/acc" in run.metrics and run.metrics["val/acc"].value >= 0.5,
    "team = '50%'": lambda run: run.tags.get("team") == "50%",
    "tags.team ~ 0%": lambda run: "0%" in run.tags.get("team", ""),
    "team ~ a_": lambda run: "a_" in run.tags.get("team", ""),
    "VISION": lambda run: run.tags.get("team") == "vision",
    "run-1 user = ann": lambda run: run.name.startswith("run-1") and run.user == "ann",
    "status = failed": lambda run: run.status in {RunStatus.FAILED, RunStatus.LOST},
    "status in (lost, running)": lambda run: run.status in {RunStatus.LOST, RunStatus.RUNNING},
    "status != finished": lambda run: run.status is not RunStatus.FINISHED,
    "duration > 1m": lambda run: run.ended is not None and run.ended - (run.started or 0) > 60_000,
    "experiment = other": lambda run: run.experiment_id != "0",
    "name ilike 'RUN-_5'": lambda run: run.name[-1] == "5",
    "user not in (ann, carl)": lambda run: run.user == "bob",
    "since 1d": lambda _: False,
    "started < 1970-01-02": lambda _: True,
}
ORDERS: dict[str, Callable[[Run], Any]] = {
    "metrics.loss": lambda run: (
        "loss" not in run.metrics,
        math.isnan(loss(run)),
        0 if math.isnan(loss(run)) else loss(run),
    ),
    "params.lr": lambda run: ("lr" not in run.params, number(run, "lr") is None, number(run, "lr") or 0),
    "tags.team": lambda run: ("team" not in run.tags, run.tags.get("team", "")),
    "started": lambda run: run.started,
    "user": lambda run: run.user,
}


def names(store: Store, chosen: Chosen, *sort: str) -> list[str]:
    """Of the whole table, read in pages."""
    found: list[str] = []
    while True:
        page = store.tables.table(chosen, sort=sort, columns=(), offset=len(found), limit=7)
        found += [row.name for row in page.rows]
        if len(found) >= page.total:
            assert len(found) == page.total
            return found


def cell(store: Store, run: Run, column: str) -> Value:
    chosen = Chosen(runs=[run.id])
    return store.tables.table(chosen, sort=(), columns=[column], offset=0, limit=1).rows[0].values[0]


def test_a_filter_finds_what_fits_it(seeded: Store) -> None:
    runs = everything(seeded)

    for text, fits in FILTERS.items():
        assert names(seeded, Chosen(filter=text)) == [run.name for run in runs if fits(run)], text


def test_pages_are_sorted_by_one_column_or_several(seeded: Store) -> None:
    runs = sorted(everything(seeded, "0"), key=lambda run: -int(run.name[4:]))

    for column, place in ORDERS.items():
        assert names(seeded, Chosen(experiments=["0"]), column) == [
            run.name for run in sorted(runs, key=place)
        ]
    for text in ("", "loss > 0"):
        both = names(seeded, Chosen(experiments=["0"], filter=text), "-user", "metrics.loss asc")
        expected = sorted(sorted(runs, key=ORDERS["metrics.loss"]), key=lambda run: run.user, reverse=True)
        assert both == [run.name for run in expected if not text or loss(run) > 0]


def test_what_has_no_value_comes_last_in_both_directions(seeded: Store) -> None:
    runs = {run.name: run for run in everything(seeded, "0")}

    for order in ("metrics.loss", "-metrics.loss"):
        found = [runs[name].metrics.get("loss") for name in names(seeded, Chosen(experiments=["0"]), order)]
        kinds = [2 if point is None else int(math.isnan(point.value)) for point in found]
        assert kinds == sorted(kinds)
        assert set(kinds) == {0, 1, 2}


def test_columns_of_a_metric_say_which_value(store: Store) -> None:
    run = store.create_run("0", name="run-0", params={"lr": "1e-2"}, started=100)
    values = [3.0, math.nan, -2.0, math.inf, 4.0, 5.0]
    store.log(run.id, metrics=[Metric("a b", value, step, step) for step, value in enumerate(values)])

    assert cell(store, run, "metrics.a b") == 5.0
    assert cell(store, run, "first(metrics.a b)") == 3.0
    assert cell(store, run, "min(metrics.a b)") == -2.0
    assert cell(store, run, "max(metrics.a b)") == math.inf
    assert cell(store, run, "mean(metrics.a b)") == 2.5
    assert cell(store, run, "mean(metrics.a b, 2)") == 4.5
    assert [cell(store, run, name) for name in ("params.lr", "params.none", "started")] == ["1e-2", None, 100]


def test_few_runs_are_sorted_by_any_value_of_a_metric(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, points in {"a": [1.0, 9.0], "b": [5.0, 4.0, 6.0], "c": [], "d": [7.0, 0.5]}.items():
        run = store.create_run("0", name=name)
        store.log(run.id, metrics=[Metric("m", value, 1, step) for step, value in enumerate(points)])

    assert names(store, Chosen(), "-max(metrics.m)") == ["a", "d", "b", "c"]
    assert names(store, Chosen(), "min(metrics.m)") == ["d", "a", "b", "c"]
    assert names(store, Chosen(filter="m > 0"), "first(metrics.m)") == ["a", "b", "d"]
    assert names(store, Chosen(), "mean(metrics.m, 2)") == ["d", "b", "a", "c"]
    monkeypatch.setattr("runner.tracking.sql.listing.AGGREGATED", 3)
    with pytest.raises(FilterError, match=r"4 runs cannot be sorted by max\(m\)"):
        names(store, Chosen(), "-max(metrics.m)")


@pytest.mark.parametrize("few", [1, keys.BOUND])
def test_columns_tell_what_is_equal_everywhere(
    seeded: Store, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BOUND", few)
    monkeypatch.setattr(summaries, "SAMPLED", few)
    for chosen, runs in (
        (Chosen(), everything(seeded)),
        (Chosen(experiments=["1"]), everything(seeded, "1")),
        (Chosen(filter="loss < 0.25"), [run for run in everything(seeded) if loss(run) < 0.25]),
    ):
        found = seeded.tables.columns(chosen)
        assert found.total == len(runs)
        facts = {each.key: each for each in found.columns}
        assert list(facts) == sorted(facts)
        assert {key for key in facts if key.startswith("params.")} == {"params.lr", "params.same"}
        same, lr = facts["params.same"], facts["params.lr"]
        assert (same.count, same.distinct, same.numeric, same.value) == (len(runs), 1, True, 1)
        assert lr.count == sum("lr" in run.params for run in runs)
        assert (lr.distinct, lr.numeric, lr.low, lr.value) == (2, False, None, None)
        values = [loss(run) for run in runs if "loss" in run.metrics]
        real = [value for value in values if not math.isnan(value)]
        told = facts["metrics.loss"]
        assert (told.count, told.low, told.high, told.distinct) == (len(values), min(real), max(real), 2)
        assert facts["tags.team"].count == sum("team" in run.tags for run in runs)


def test_columns_of_the_newest_runs_alone_tell_what_only_they_have(store: Store) -> None:
    for number in range(5):
        store.create_run("0", started=number, params={"lr": str(number), f"only-{number}": "1"})

    newest = store.tables.columns(Chosen(), newest=2)
    filtered = store.tables.columns(Chosen(filter="params.lr < 2"), newest=1)
    more = store.tables.columns(Chosen(), newest=500)

    facts = {each.key: each for each in newest.columns}
    assert (newest.total, {key for key in facts if key.startswith("params")}) == (
        2,
        {"params.lr", "params.only-3", "params.only-4"},
    )
    assert (facts["params.lr"].low, facts["params.lr"].high, facts["params.only-4"].count) == (3, 4, 1)
    assert (filtered.total, filtered.columns[1].key) == (1, "params.only-1")
    assert more == store.tables.columns(Chosen())


def test_of_many_experiments_with_many_keys_none_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summaries, "MOST", 2)
    for number, experiment in enumerate(["0", *(store.create_experiment(name).id for name in "ab")]):
        store.create_run(experiment, params={"lr": str(number), "size": "1"})

    facts = {each.key: each for each in store.tables.columns(Chosen()).columns}

    lr, size = facts["params.lr"], facts["params.size"]
    assert (lr.count, lr.low, lr.high, lr.distinct) == (3, 0, 2, 2)
    assert (size.count, size.low, size.high, size.value) == (3, 1, 1, 1)


def test_columns_of_whole_experiments_are_those_of_their_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Indexes tell them, or each run is looked at."""
    monkeypatch.setattr(keys, "BOUND", 1)
    other = store.create_experiment("other").id
    for number, experiment in enumerate(["0", "0", "0", "0", other, other, other]):
        kind, size = ("adam", str(number)) if experiment == "0" else ("sgd", "large")
        run = store.create_run(
            experiment,
            name=f"run-{number}",
            params={"kind": kind, "size": size, **({"rare": "1"} if number == 5 else {})},
            tags={"team": "vision", "part": kind, **({"rare": "x"} if number == 3 else {})},
        )
        values = [("loss", number - 3.0), ("none", math.nan if number % 2 else 0.0)]
        store.log(run.id, metrics=[Metric(key, value, 1) for key, value in values])

    def same(*experiments: str) -> None:
        among = list(experiments) or None
        told = store.tables.columns(Chosen(experiments=among))
        looked = store.tables.columns(Chosen(experiments=among, filter="started > 1970-01-01"))
        assert str(told) == str(looked)  # NaN is not equal to itself
        assert told.total == looked.total > 0

    for experiments in ((), ("0",), (other,), ("0", other)):
        same(*experiments)
    store.delete_run(store.run("run-5").id)
    for experiments in ((), ("0",), (other,), ("0", other)):
        same(*experiments)


def test_a_bare_name_means_what_runs_have(seeded: Store) -> None:
    """A param, a metric or a tag; of what no run has, nothing is greater or less."""
    for text in ("loss < 0.25", "lr < 0.05", "team = vision", "team != vision"):
        (entity,) = {"loss": ["metrics"], "lr": ["params"], "team": ["tags"]}[text.split()[0]]
        assert names(seeded, Chosen(filter=text)) == names(seeded, Chosen(filter=f"{entity}.{text}")), text
    for text in ("nowhere < 1", "nowhere != 1", "nowhere is not null"):
        assert names(seeded, Chosen(filter=text)) == []
    assert len(names(seeded, Chosen(filter="nowhere is null"))) == len(everything(seeded))


def test_columns_tell_equal_texts_and_nan(store: Store) -> None:
    for value in (math.nan, math.nan):
        run = store.create_run("0", params={"kind": "adam", "mixed": "1"}, tags={"t": "x"})
        store.log(run.id, metrics=[Metric("none", value, 1), Metric("zero", 0.0, 1)])
    store.log(store.create_run("0", params={"mixed": "one"}).id, metrics=[Metric("zero", math.nan, 1)])
    facts = {each.key: each for each in store.tables.columns(Chosen()).columns}

    assert (facts["params.kind"].value, facts["params.kind"].count) == ("adam", 2)
    assert (facts["params.mixed"].distinct, facts["params.mixed"].numeric) == (2, False)
    assert facts["tags.t"].value == "x"
    nothing, zero = facts["metrics.none"], facts["metrics.zero"]
    assert (nothing.distinct, nothing.low, str(nothing.value)) == (1, None, "nan")
    assert (zero.distinct, zero.low, zero.high, zero.value) == (2, 0.0, 0.0, None)


def test_runs_that_differ_by_their_seed_alone_are_a_group(store: Store) -> None:
    for lr, seed, acc in (("0.1", "1", 0.5), ("0.1", "2", 0.7), ("0.2", "1", 0.9), ("0.2", "2", math.nan)):
        run = store.create_run("0", params={"lr": lr, "seed": seed, "same": "x"})
        store.log(run.id, metrics=[Metric("acc", acc, 1)])

    def grouped(*sort: str, **options: Sequence[str]) -> Any:
        by, but = options.get("by", ()), options.get("but", ())
        columns = ["metrics.acc", "params.seed", "params.same", "metrics.none"]
        return store.tables.groups(Chosen(), by=by, but=but, columns=columns, sort=sort, offset=0, limit=10)

    found = grouped("metrics.acc", but=["params.seed"])
    assert (found.total, found.runs, found.by) == (2, 4, ("params.lr",))
    low, high = found.groups
    assert [(group.by, group.count, len(group.runs)) for group in (low, high)] == [
        (("0.1",), 2, 2),
        (("0.2",), 2, 2),
    ]
    acc, seed, same, none = low.cells
    assert (acc.mean, acc.low, acc.high, acc.count) == (pytest.approx(0.6), 0.5, 0.7, 2)
    assert acc.spread == pytest.approx(math.sqrt(0.02))
    assert (seed.mean, seed.distinct) == (1.5, 2)
    assert (same.value, same.distinct, same.mean) == ("x", 1, None)
    assert (none.count, none.distinct, none.mean) == (0, 0, None)
    assert (high.cells[0].mean, high.cells[0].spread, high.cells[0].count) == (0.9, None, 2)
    assert [group.by for group in grouped("-metrics.acc", by=["params.lr"]).groups] == [("0.2",), ("0.1",)]
    assert [group.by for group in grouped(by=["params.seed", "status"]).groups] == [
        ("2", "PENDING"),
        ("1", "PENDING"),
    ]


def test_what_is_too_much_to_group_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.tracking.sql.grouping.MOST_VALUES", 4)
    for _ in range(3):
        store.create_run("0")

    with pytest.raises(FilterError, match="more than 2 runs cannot be grouped"):
        store.tables.groups(Chosen(), by=["user"], but=(), columns=(), sort=(), offset=0, limit=10)


def test_keys_and_values_are_offered_by_what_they_hold(seeded: Store) -> None:
    tables, here = seeded.tables, Chosen(experiments=["0"])
    seeded.create_run("1", params={"alr": "x"})

    assert [(each.text, each.entity) for each in tables.keys(here, "L", limit=2)] == [
        ("loss", "metric"),
        ("lr", "param"),
    ]
    assert [each.text for each in tables.keys(Chosen(), "lr", limit=9)] == ["lr", "alr"]
    assert tables.keys(here, "alr", limit=9) == []
    runs = everything(seeded, "0")
    counts = Counter(run.params["lr"] for run in runs if "0." in run.params.get("lr", ""))
    offered = tables.values(here, Name("param", "lr", 0), "0.", limit=9)
    assert {each.text: each.count for each in offered} == counts
    users = tables.values(here, Name("attribute", "user", 0), "", limit=1)
    assert [(each.text, each.count) for each in users] == Counter(run.user for run in runs).most_common(1)
    assert [
        each.text for each in tables.values(Chosen(), Name("attribute", "experiment", 0), "oth", limit=9)
    ] == ["other"]
    assert [each.text for each in tables.values(here, Name("tag", "team", 0), "%", limit=9)] == ["50%"]


def test_a_line_loses_no_spike(store: Store) -> None:
    runs = [store.create_run("0", started=1000) for _ in range(2)]
    values = [0.0] * 1000
    values[777], values[333], values[500] = 99.0, -99.0, math.nan
    store.log(
        runs[0].id, metrics=[Metric("m", value, 1000 + 2 * step, step) for step, value in enumerate(values)]
    )
    store.log(
        runs[1].id,
        metrics=[Metric("m", value, 5000 + step, step) for step, value in ((0, 1.0), (999, math.inf))],
    )

    def lines(span: Span) -> dict[str, Line]:
        found = store.tables.lines([run.id for run in runs] + ["none"], ["m", "other"], span)
        return {line.run: line for line in found}

    wide = lines(Span(buckets=10))
    line, short = wide[runs[0].id], wide[runs[1].id]
    assert (line.nan, line.infinite, sum(bucket.points for bucket in line.buckets)) == (1, 0, 1000)
    assert [bucket.x for bucket in line.buckets] == list(range(0, 1000, 100))
    assert [bucket.greatest for bucket in line.buckets] == [0.0] * 7 + [99.0] + [0.0] * 2
    assert [bucket.least for bucket in line.buckets] == [0.0] * 3 + [-99.0] + [0.0] * 6
    assert line.buckets[5].first is None  # NaN
    assert (short.infinite, short.buckets) == (
        1,
        (Bucket(0, 1, 1.0, 1.0, 1.0, 1.0), Bucket(999, 1, *[None] * 4)),
    )
    near = lines(Span(low=775, high=780))[runs[0].id]
    assert [(bucket.x, bucket.last) for bucket in near.buckets] == [
        (775, 0),
        (776, 0),
        (777, 99),
        (778, 0),
        (779, 0),
        (780, 0),
    ]
    elapsed = lines(Span(axis="elapsed", low=0, high=1998, buckets=3))
    assert [bucket.x for bucket in elapsed[runs[0].id].buckets] == [0, 668, 1334]
    assert runs[1].id not in elapsed
    times = lines(Span(axis="time", buckets=2))[runs[1].id]
    assert [(bucket.x, bucket.points, bucket.first, bucket.last) for bucket in times.buckets] == [
        (5000, 2, 1.0, None)
    ]


def test_points_of_one_step_are_one_bucket_in_the_order_of_their_times(store: Store) -> None:
    run = store.create_run("0")
    store.log(run.id, metrics=[Metric("m", float(value), 100 - value) for value in range(50)])

    (line,) = store.tables.lines([run.id], ["m"], Span())
    (timed,) = store.tables.lines([run.id], ["m"], Span(axis="time"))

    assert line.buckets == (Bucket(0, 50, 0.0, 49.0, 49.0, 0.0),)
    assert [bucket.last for bucket in timed.buckets] == [float(value) for value in reversed(range(50))]


def test_steps_of_any_size_are_answered(store: Store) -> None:
    run = store.create_run("0")
    store.log(run.id, metrics=[Metric("m", 1.0, 1, step) for step in (-(2**63), -3, 2**63 - 1)])

    (line,) = store.tables.lines([run.id], ["m"], Span())

    assert [bucket.x for bucket in line.buckets] == [-3]
