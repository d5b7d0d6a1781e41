"""Schedules over HTTP: what is told of them and asked of them, and by whom."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from runner.scheduling.answering import Answering
from runner.scheduling.deciding import upcoming
from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.native.routes import Native
from runner.server.places import Places
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.schedules import Cause, Definition, NewFiring, Upcoming
from runner.tracking.sql.store import SqlStore
from tests.server.inprocess import answering
from tests.server.listening import API
from tests.server.native.test_tables import asked
from tests.server.servers import RunningServer, running_server

BERLIN, DAY = "Europe/Berlin", 86_400_000
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def store(settings: Settings) -> Iterator[SqlStore]:
    with closing(open_database_store(settings)) as opened:
        assert isinstance(opened, SqlStore)
        yield opened


@pytest.fixture
def scheduled(store: SqlStore) -> None:
    definition = Definition(
        expression="0 3 * * *", uri="https://host/team/churn.git", parameters={"password": "s3cr3t"}
    )
    kept = store.schedules.add("night.ly", definition, upcoming=Upcoming(10_000, 10_000))
    store.schedules.insert(
        kept.id, [NewFiring(time, time, Cause.CLOCK) for time in (1000, 2000)], replacing=False
    )


@contextmanager
def serving(store: SqlStore, home: Path, *, starts: bool = False) -> Iterator[RunningServer]:
    """The application in this process, as `runner server` puts it together: to start one takes longer than to ask it."""
    native = Native(store, home, scheduling=Answering(store.schedules))
    places = Places(root="file:///", proxied=True)
    starting: Any = object() if starts else None  # nothing is asked of it
    app = create_app(
        Tracking(store, places, writer=None, native=native, starting=starting), authenticate=anybody
    )
    with answering(app) as uri:
        yield RunningServer(uri, None, (), [])  # type: ignore[arg-type]  # no process
    native.watcher.close()


def sends(server: RunningServer, path: str, **body: Any) -> Answer:
    with closing(HTTPConnection(urlsplit(server.uri).netloc, timeout=30)) as connection:
        connection.request("POST", f"{API}{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def moment(text: str, zone: str = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def add(store: SqlStore, name: str, expression: str, *, since: int, **changes: Any) -> int:
    """A schedule that nobody has fired since then."""
    definition = Definition(expression=expression, uri="/project", **changes)
    return store.schedules.add(name, definition, upcoming=upcoming(name, definition, since)).id


@pytest.mark.usefixtures("scheduled")
def test_schedules_and_their_firings_are_told_without_values_of_parameters() -> None:
    with running_server() as server:
        told, firings = asked(server, "/schedules"), asked(server, "/schedules/night.ly/firings", limit=1)
        absent = asked(server, "/schedules/other/firings")

    (schedule,) = told.body["schedules"]
    assert (schedule["name"], schedule["next"], schedule["parameters"]) == ("night.ly", 10_000, ["password"])
    assert schedule["words"] == "at 03:00 every day"
    assert (told.body["late"], told.body["allowed"]) == (1000, False)  # it waits since 1970
    assert "s3cr3t" not in str(told.body)
    assert [each["scheduled_for"] for each in firings.body["firings"]] == [2000]
    assert absent.status == 404


def test_a_week_has_what_was_and_what_comes_and_the_hour_that_does_not_exist(
    store: SqlStore, home: Path
) -> None:
    monday = moment("2027-03-22T00:00")
    nightly = add(store, "nightly", "30 2 * * *", zone=BERLIN, since=moment("2027-03-25T00:00"))
    add(store, "often", "*/5 * * * *", since=moment("2027-03-28T12:00"))
    failed = NewFiring(moment("2027-03-24T02:30"), monday, Cause.CLOCK)
    store.schedules.insert(nightly, [failed], replacing=False)

    with serving(store, home) as server:
        week = asked(server, "/schedules/calendar", day="2027-03-22", zone=BERLIN).body
        alone = asked(server, "/schedules/calendar", day="2027-03-22", zone="UTC", name="often").body
        wrong = asked(server, "/schedules/calendar", zone="Mars/Base")

    assert [(day["date"], len(day["slots"])) for day in week["days"]] == [
        ("2027-03-22", 0),
        ("2027-03-23", 0),
        ("2027-03-24", 1),
        *((f"2027-03-{day}", 1) for day in (25, 26, 27, 28)),
    ]
    last = week["days"][6]
    assert last["end"] - last["start"] == 23 * 3_600_000
    assert (last["slots"][0]["state"], last["slots"][0]["scheduled_for"]) == (
        "next",
        moment("2027-03-28T03:00"),
    )
    assert [(each["schedule"], each["count"]) for each in last["bands"]] == [("often", 143)]
    assert week["days"][2]["slots"][0]["state"] == "waiting"
    assert week["shifts"] == [
        {"zone": BERLIN, "moment": last["slots"][0]["scheduled_for"], "before": "2027-03-28T02:00", "after": "2027-03-28T03:00"}
    ]  # fmt: skip
    assert (alone["shifts"], [len(day["slots"]) for day in alone["days"]]) == ([], [0] * 7)
    assert (wrong.status, "no time zone" in wrong.body["message"]) == (400, True)


def test_times_that_nobody_took_are_late_and_many_schedules_are_folded(store: SqlStore, home: Path) -> None:
    now = store.schedules.now()
    for number in range(10):
        add(store, f"s{number}", "* * * * *", since=now - 3_600_000)
    add(store, "resting", "@hourly", since=now - DAY)
    store.schedules.change("resting", paused=True)
    yesterday = datetime.fromtimestamp(now / 1000 - 86_400, ZoneInfo("UTC")).date()
    with serving(store, home) as server:
        told = asked(server, "/schedules").body
        days = asked(server, "/schedules/calendar", day=yesterday, days=3).body["days"]

    assert 55 < (told["now"] - told["late"]) / 60_000 <= 61
    late = sum(
        band["states"].get("late", 0) for day in days for band in day["bands"] if band["schedule"] == "s0"
    )
    listed = sum(slot["state"] == "late" for day in days for slot in day["slots"] if slot["schedule"] == "s0")
    assert 55 < late + listed <= 60
    tomorrow = days[2]
    assert tomorrow["slots"] == []
    assert tomorrow["bands"][0] == {"schedule": "s0", "count": 1440, "states": {"next": 1440}}
    assert (len(tomorrow["bands"]), tomorrow["others"]) == (
        6,
        {"schedules": 4, "count": 5760, "states": {"next": 5760}},
    )


def test_a_schedule_rests_fires_again_and_leaves_out_its_next_time(store: SqlStore, home: Path) -> None:
    add(store, "s", "@daily", since=store.schedules.now())
    with serving(store, home) as server:
        first, second = (each["time"] for each in asked(server, "/schedules/s/times", limit=2).body["times"])
        paused = sends(server, "/schedules/s/pause")
        nothing = sends(server, "/schedules/s/skip", time=first)
        resumed = sends(server, "/schedules/s/resume")
        skipped, again = (sends(server, "/schedules/s/skip", time=first) for _ in range(2))
        times = asked(server, "/schedules/s/times", since=first, limit=2).body["times"]
        assert asked(server, "/schedules/s/times", since=2**48).status == 400
        absent = sends(server, "/schedules/none/pause")

    assert (paused[1]["state"], "next" in paused[1], resumed[1]["next"]) == ("paused", False, first)
    assert (nothing[0], "rests" in nothing[1]["message"]) == (400, True)
    assert (skipped[0], skipped[1]["next"]) == (200, second)
    assert (again[0], "has come already" in again[1]["message"]) == (400, True)  # pressed twice
    assert [(each["time"], each.get("state")) for each in times] == [(first, "skipped"), (second, None)]
    assert store.schedules.history("s", limit=1)[0].reason == "left out on demand"
    assert absent[0] == 404


def test_a_server_that_starts_no_runs_says_which_command_does(store: SqlStore, home: Path) -> None:
    add(store, "s", "@daily", since=store.schedules.now())
    days = {"first": "2026-01-01", "last": "2026-01-03"}
    with serving(store, home) as server:
        run, backfill = sends(server, "/schedules/s/run"), sends(server, "/schedules/s/backfill", **days)
        counted = sends(server, "/schedules/s/backfill", **days, dry_run=True)
        nonsense = sends(server, "/schedules/s/backfill", first="2026-01-03", last="2026-01-01", dry_run=True)

    assert (run[0], run[1]["command"]) == (403, "runner schedule run-now s")
    assert (backfill[0], backfill[1]["command"]) == (
        403,
        "runner schedule backfill s --from=2026-01-01 --to=2026-01-03",
    )
    assert store.schedules.history("s", limit=9) == []
    assert (counted[1]["count"], counted[1]["kept"]) == (3, 0)
    assert (nonsense[0], "is later than" in nonsense[1]["message"]) == (400, True)


def test_a_server_that_may_start_runs_fires_now_and_for_times_that_have_passed(
    store: SqlStore, home: Path
) -> None:
    number = add(store, "s", "@daily", since=store.schedules.now())
    store.schedules.insert(number, [NewFiring(moment("2026-01-02", "UTC"), 1, Cause.CLOCK)], replacing=False)
    with serving(store, home, starts=True) as server:
        filled = sends(server, "/schedules/s/backfill", first="2026-01-01", last="2026-01-03")
        refused = sends(server, "/schedules/s/run")

    assert filled == (
        200,
        {"count": 2, "kept": 1, "first": moment("2026-01-01", "UTC"), "last": moment("2026-01-03", "UTC")},
    )
    assert (refused[0], "overlap rule" in refused[1]["message"]) == (400, True)
    assert [each.cause.value for each in store.schedules.history("s", limit=9)] == [
        "backfill",
        "clock",
        "backfill",
    ]
