"""Texts for people, JSON for machines."""

import json
import math
import sys
import time
from types import MappingProxyType

import pytest

from runner.cli.output import ago, clock, lasting, number, print_json, printable


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.0 s"),
        (59_949, "59.9 s"),
        (90_000, "1.5 min"),
        (3_600_000, "1.0 h"),
        (36 * 3_600_000, "1.5 d"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_unit(milliseconds: int, text: str) -> None:
    assert lasting(milliseconds) == text


def test_a_time_is_told_as_ago_and_never_in_the_future() -> None:
    now = time.time_ns() // 1_000_000

    assert ago(now - 90_000) == "1.5 min ago"
    assert ago(now + 90_000) == "0.0 s ago"
    assert ago(None) == ""


def test_a_moment_has_date_time_and_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert clock(1_000) == "1970-01-01 05:30:01.000+05:30"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert clock(None) == ""
    assert clock(10**17) == f"{10**17} ms"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (sys.float_info.max, "inf"),
        (5, "5"),
    ],
)
def test_numbers_have_six_digits(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("grün 数 😀", "grün 数 😀"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),
        ("a\x1b[31mb\nc\td\x7f", "a�[31mb�c�d�"),
        ("\x9b31m", "�31m"),
        ("\u202eevil\u2066\ud800", "�evil��"),
    ],
)
def test_control_characters_are_replaced(text: str, seen: str) -> None:
    assert printable(text) == seen


def test_json_has_null_for_what_json_has_no_word_for(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(MappingProxyType({"a": [math.nan, 1.5], "b": (math.inf, {"c": -math.inf}), "d": "ü"}))

    out = capsys.readouterr().out
    assert json.loads(out) == {"a": [None, 1.5], "b": [None, {"c": None}], "d": "ü"}
    assert "ü" in out
