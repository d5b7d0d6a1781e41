"""When schedules fire, above all where clocks are changed. What is said here is in docs/explanation/schedules.md."""

from datetime import datetime
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.errors import UsageError
from runner.scheduling.times import following, jitter, latest, seconds, shifts, times

each = pytest.mark.parametrize
DAY = 86_400_000


def moment(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def coming(expression: str, zone: str, start: str, count: int) -> list[str]:
    """The next times as local time and offset."""
    found = following(times(expression, zone), moment(start, zone), count)
    return [datetime.fromtimestamp(time / 1000, ZoneInfo(zone)).strftime("%d %H:%M%z") for time in found]


@each(
    ("expression", "zone", "start", "expected"),
    [
        # the hour that is left out: at its end, once
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00", ["28 03:00+0200", "29 02:30+0200"]),
        ("0,30 2 * * *", "Europe/Berlin", "2027-03-27T12:00", ["28 03:00+0200", "29 02:00+0200"]),
        # the hour that comes twice: in its first pass only
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
        # what comes each hour goes on as hours pass
        ("0 * * * *", "Europe/Berlin", "2026-10-25T01:30", ["25 02:00+0200", "25 02:00+0100", "25 03:00+0100"]),
        ("0 * * * *", "Europe/Berlin", "2027-03-28T00:30", ["28 01:00+0100", "28 03:00+0200"]),
        ("*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", ["25 02:00+0200", "25 02:30+0200", "25 02:00+0100", "25 02:30+0100", "26 02:00+0100"]),
        ("*/30 2 * * *", "Europe/Berlin", "2027-03-27T12:30", ["29 02:00+0200", "29 02:30+0200"]),
        # half an hour
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", ["04 02:30+1100", "05 02:15+1100"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T12:00", ["04 01:45+1100", "05 01:45+1030"]),
        # at midnight
        ("30 0 * * *", "Africa/Cairo", "2027-04-29T12:00", ["30 01:00+0300", "01 00:30+0300"]),
        ("30 23 * * *", "Africa/Cairo", "2026-10-28T23:59", ["29 23:30+0300", "30 23:30+0200"]),
        # for Ramadan
        ("30 2 * * *", "Africa/Casablanca", "2027-02-06T12:00", ["07 02:30+0100", "08 02:30+0000"]),
        ("30 2 * * *", "Africa/Casablanca", "2027-03-13T12:00", ["14 03:00+0100", "15 02:30+0100"]),
    ],
)  # fmt: skip
def test_where_clocks_change_a_time_comes_once(
    expression: str, zone: str, start: str, expected: list[str]
) -> None:
    assert coming(expression, zone, start, len(expected)) == expected


@each("start", ["2026-10-25T00:00:30", "2026-10-25T00:31:00", "2026-10-25T01:00:00", "2026-10-25T01:45:00"])
def test_in_the_second_pass_of_an_hour_a_time_of_the_first_does_not_come_again(start: str) -> None:
    schedule = times("30 2 * * *", "Europe/Berlin")  # at 00:30 UTC in summer

    (found,) = following(schedule, moment(start), 1)

    expected = "2026-10-25T00:30" if start == "2026-10-25T00:00:30" else "2026-10-26T01:30"
    assert found == moment(expected)


@settings(max_examples=60, deadline=None)
@given(
    expression=st.sampled_from(["*/20 * * * *", "30 2 * * *", "15 1,2,3 * * *", "*/45 2 * * *", "0 */3 * * 0", "every 25m"]),
    zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/New_York", "UTC"]),
    day=st.integers(0, 400),
    minutes=st.integers(0, 3 * 1440),
)  # fmt: skip
def test_it_does_not_matter_from_where_one_looks(expression: str, zone: str, day: int, minutes: int) -> None:
    start = moment("2026-09-01T00:00") + day * DAY
    later = start + minutes * 60_000
    schedule = times(expression, zone)
    whole = list(islice((time for time in schedule.after(start) if time > later), 3))

    assert list(following(schedule, later, 3)) == whole
    assert whole == sorted(set(whole))


def test_the_29th_of_february_comes_in_leap_years() -> None:
    found = following(times("0 0 29 2 *", "UTC"), moment("2026-01-01T00:00"), 2)

    assert found == [moment("2028-02-29T00:00"), moment("2032-02-29T00:00")]


@each("expression", ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_date_that_no_month_has_is_refused(expression: str) -> None:
    with pytest.raises(UsageError, match="no time of a schedule"):
        times(expression, "UTC")


@each(
    ("expression", "hint"),
    [
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("61 * * * *", ""),
        ("@dayly", "did you mean '@daily'?"),
        ("@reboot", "there are"),
        ("every 15x", "15m"),
        ("every 0m", "15m"),
        ("", "five fields"),
    ],
)
def test_what_is_no_time_is_refused(expression: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        times(expression, "UTC")

    assert hint in (raised.value.hint or "")


@each("zone", ["Europe/Berln", "../../etc/passwd", "", "/etc/localtime", "localtime", "right/UTC"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="time zone"):
        times("@daily", zone)


@each(
    ("alias", "expression"),
    [("@daily", "0 0 * * *"), ("@weekly", "0 0 * * 0"), ("@hourly", "0 * * * *"), ("@yearly", "0 0 1 1 *")],
)
def test_an_alias_is_what_it_stands_for(alias: str, expression: str) -> None:
    start = moment("2026-11-21T10:00")

    assert following(times(alias, "UTC"), start, 3) == following(times(expression, "UTC"), start, 3)


def test_an_interval_counts_from_the_epoch_so_that_all_machines_agree() -> None:
    schedule = times("every 7m", "Europe/Berlin")

    assert following(schedule, 0, 2) == [420_000, 840_000]
    assert following(schedule, 420_000, 1) == [840_000]


def test_lengths_of_time() -> None:
    assert [seconds(text) for text in ("30s", "15m", "6h", "2d", "1w")] == [30, 900, 21600, 172_800, 604_800]


def test_the_latest_times_are_found_without_counting_all() -> None:
    minutely = times("* * * * *", "UTC")
    end = moment("2026-11-21T10:00")

    assert latest(minutely, end, 3, since=0) == [end - 120_000, end - 60_000, end]
    assert latest(minutely, end + 5, 3, since=end) == [end]
    assert latest(minutely, end - 1, 3, since=end) == []


def test_jitter_is_the_same_everywhere_and_spreads_firings() -> None:
    late = [jitter("nightly", time * 60_000, 30_000) for time in range(200)]

    assert late == [jitter("nightly", time * 60_000, 30_000) for time in range(200)]
    assert all(0 <= each < 30_000 for each in late)
    assert len(set(late)) > 190
    assert jitter("hourly", 60_000, 30_000) != jitter("nightly", 60_000, 30_000)
    assert jitter("nightly", 60_000, 0) == 0


@each(
    ("zone", "start", "expected"),
    [
        ("Europe/Berlin", "2027-03-01T00:00", ("28 02:00", "28 03:00", True)),
        ("Europe/Berlin", "2026-10-01T00:00", ("25 03:00", "25 02:00", False)),
        ("Australia/Lord_Howe", "2026-10-01T00:00", ("04 02:00", "04 02:30", True)),
        ("Africa/Casablanca", "2027-03-01T00:00", ("14 02:00", "14 03:00", True)),
    ],
)
def test_shifts_of_a_zone_are_told(zone: str, start: str, expected: tuple[str, str, bool]) -> None:
    (shift,) = shifts(ZoneInfo(zone), moment(start), moment(start) + 30 * DAY)

    assert (shift.before.strftime("%d %H:%M"), shift.after.strftime("%d %H:%M"), shift.forward) == expected


def test_utc_has_no_shifts() -> None:
    assert shifts(ZoneInfo("UTC"), moment("2026-01-01T00:00"), moment("2027-01-01T00:00")) == []


@given(
    expression=st.sampled_from(
        [
            "* * * * *", "*/5 * * * *", "0 3 * * *", "30 2 * * *", "15,45 8-18 * * 1-5", "* 2 * * *", "0 0 13 * fri",
            "5-59/7 1-22/3 * 1,11 *", "0 0 L * *", "every 7m", "every 1h",
        ]
    ),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]),
    start=st.integers(moment("2026-01-01") // 1000, moment("2027-01-01") // 1000),
    length=st.sampled_from([3600, 86_400, 3 * 86_400]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_counting_times_is_quicker_than_going_through_them_and_says_the_same(
    expression: str, zone: str, start: int, length: int
) -> None:
    when, begin, end = times(expression, zone), start * 1000, (start + length) * 1000

    assert when.count(begin, end) == sum(1 for _ in takewhile(lambda time: time < end, when.after(begin - 1)))
