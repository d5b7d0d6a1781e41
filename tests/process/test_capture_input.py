"""Standard input of a tool."""

import sys

from runner.process import SLICE, capture

SLOW = f"import sys, time; time.sleep({SLICE * 1.5}); print(len(sys.stdin.read()))"


def test_much_input_reaches_a_tool_that_is_slow_to_read_it() -> None:
    assert capture((sys.executable, "-c", SLOW), input="x" * 1_000_000, timeout=20).out == "1000000\n"


def test_a_tool_that_does_not_read_its_input_ends_all_the_same() -> None:
    assert capture((sys.executable, "-c", "print(1)"), input="x" * 1_000_000, timeout=20).out == "1\n"
