"""Tables of runs on a terminal, and names and values that would like to act there."""

import json

import pytest

from runner.tracking import Store
from runner.tracking.model import Run
from tests.cli.records import cells, record
from tests.cli.terminals import on_terminal
from tests.conftest import Cli

# on a terminal --------------------------------------------------------------------------------------------


def test_columns_that_do_not_fit_are_left_out_and_named(store: Store) -> None:
    record(store, "a-rather-long-name", accuracy_of_validation=0.5, loss=0.25, zeta=1)
    record(store, "b")

    narrow = on_terminal("runs", "list", columns=80, NO_COLOR="1", TERM="dumb")

    assert "accuracy_of_validation" in narrow.out
    assert "zeta" not in narrow.out
    assert "2 columns do not fit: zeta, beta" in narrow.err
    assert max(map(len, narrow.out.splitlines())) <= 80
    wide = on_terminal("runs", "list", columns=200)
    assert "zeta" in wide.out
    assert "do not fit" not in wide.err
    assert "the same in every row, so not shown: alpha; see --all-columns" in wide.err


def test_the_first_columns_stay_however_narrow_the_terminal_is(store: Store) -> None:
    record(store, "a-rather-long-name", loss=0.25)

    outcome = on_terminal("runs", "list", columns=20)

    assert outcome.code == 0
    assert "NA" in outcome.out
    assert "columns do not fit: loss, alpha, beta" in outcome.err


def test_a_very_long_value_does_not_push_the_others_out(store: Store) -> None:
    run = record(store, "a", loss=0.25)
    store.log(run.id, params={"aa": "x" * 5000})

    outcome = on_terminal("runs", "list", columns=130)

    assert "do not fit" not in outcome.err
    assert "xxx…" in outcome.out


def test_colours_come_with_a_terminal_and_go_with_no_color(store: Store) -> None:
    record(store, "a")

    assert "\x1b[32mFINISHED" in on_terminal("runs", "list").out
    plain = on_terminal("runs", "list", NO_COLOR="1").out
    assert "\x1b[32m" not in plain
    assert "FINISHED" in plain


# hostile names and values ---------------------------------------------------------------------------------


HOSTILE = "\x1b[31mred\x1b]0;title\x07[bold]x[/bold]\nnext\tcell\u202e"


@pytest.fixture
def hostile(store: Store) -> Run:
    run = record(store, "[red]a[/red]")
    store.log(run.id, params={"bad": HOSTILE}, tags={"note": HOSTILE})
    record(store, "b", started=10)
    return run


def test_hostile_values_do_not_act_on_a_terminal(hostile: Run) -> None:
    for arguments in (("list",), ("show", hostile.id), ("compare", hostile.id, "b")):
        outcome = on_terminal("runs", *arguments, columns=200, NO_COLOR="1")
        assert outcome.code == 0, outcome.err
        assert "[red]a[/red]" in outcome.out
        assert "[bold]x[/bold]" in outcome.out
        assert "\x1b[31m" not in outcome.out
        assert "\x1b]" not in outcome.out
        assert "\x07" not in outcome.out
        assert "\u202e" not in outcome.out


def test_hostile_values_stay_in_their_cell_when_piped(cli: Cli, hostile: Run) -> None:
    rows = cells(cli("runs", "list").out)

    assert len(rows) == 3
    assert len({len(row) for row in rows}) == 1


def test_json_escapes_what_is_hostile(cli: Cli, hostile: Run) -> None:
    out = cli("runs", "show", hostile.id, "--json").out

    assert "\x1b" not in out
    assert json.loads(out)["params"]["bad"] == HOSTILE
