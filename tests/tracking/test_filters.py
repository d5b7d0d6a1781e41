"""What a wrong filter says, and that no text does worse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.errors import TrackingError
from runner.tracking import Store
from runner.tracking.filters import RUNS, parse, parse_order
from runner.tracking.sql.searching import COLUMNS, compiled


@pytest.mark.parametrize(
    ("text", "message", "hint", "at"),
    [
        ("metrics.loss == 1", "there is no operator ==", "write =", 13),
        ("metrics.loss <> 1", "there is no operator <>", "write !=", 13),
        ("metrics.loss < 'a'", "loss cannot be compared by < with a text", "write it without quotes", 0),
        ("metrics.loss <", "expected a quoted text or a number, found the end", None, 14),
        ("metrics.loss", "expected an operator", None, 12),
        ("metrics.loss LIKE 'a'", "cannot be compared by LIKE", "without quotes", 0),
        ("metrics.loss < 1 OR metrics.loss > 2", "expected AND, found 'OR'", "joined by AND only", 17),
        ("metrics.loss < 1 metrics.loss > 2", "expected AND, found 'metrics.loss'", None, 17),
        ("metrics.loss < 1 AND", "expected a name", None, 20),
        (
            "alpha < 0.1",
            "'alpha' is no attribute of a run",
            "metrics.alpha or params.alpha or tags.alpha?",
            0,
        ),
        ("attributes.statu = 'x'", "'statu' is no attribute", "did you mean 'status'?", 0),
        ("param.alpha > '0.1'", "cannot be compared by > with a text", "it takes = != LIKE", 0),
        ("metrix.loss < 1", "'metrix' is nothing to search in", "did you mean 'metric'?", 0),
        ("metrics.val/loss < 1", "cannot be read", "metrics.`val/loss`", 11),
        ("metrics.my loss < 1", "expected an operator", None, 11),
        (
            "params.alpha = abc",
            "expected a quoted text or a number, found 'abc'",
            "texts are quoted: 'abc'",
            15,
        ),
        ("params.alpha = 'abc", "cannot be read", "a quote that is never closed?", 15),
        ("tags.team = 5", "team cannot be compared by = with a number", "quote the value", 0),
        ("tags.team IS 5", "expected NULL", None, 13),
        ("tags.team NOT LIKE 'x'", "expected IN", None, 14),
        ("run_id IN 'x'", "expected (", None, 10),
        ("run_id IN ('x' 'y')", "expected , or )", None, 15),
        ("run_id IN (5)", "expected a quoted text", None, 11),
        ("status IN ('x')", "status cannot be compared by IN with a list", None, 0),
        ("start_time = '5'", "start_time cannot be compared by = with a text", "without quotes", 0),
        ("datasets.size = 'x'", "a dataset has no 'size'", "name, digest, context", 0),
        ("5 < metrics.loss", "expected a name", None, 0),
        ("metrics. < 5", "expected a key", None, 9),
        ("metrics.a. < 5", "expected the rest of the key", None, 11),
        ("metrics.a\t<\n;", "cannot be read", None, 12),
    ],
)
def test_a_wrong_filter_is_explained_where_it_is_wrong(
    text: str, message: str, hint: str | None, at: int
) -> None:
    with pytest.raises(TrackingError) as refused:
        parse(text, RUNS)

    error = refused.value
    assert message in str(error)
    assert f"filter, character {at + 1}:" in str(error)
    assert (hint or "") in (error.hint or "")
    shown, caret = (error.detail or "").split("\n")
    assert shown.replace("\n", " ").replace("\t", " ") == text.replace("\n", " ").replace("\t", " ")
    assert caret == " " * at + "^"


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("", "names nothing"),
        ("-", "names nothing"),
        ("metrics.loss up", "expected ASC, DESC or the end"),
        ("loss", "'loss' is no attribute"),
    ],
)
def test_a_wrong_order_is_explained(order: str, message: str) -> None:
    with pytest.raises(TrackingError, match=message):
        parse_order([order], RUNS)


def test_an_order_is_read_both_ways_round() -> None:
    read = parse_order(["-metrics.loss", "params.`a b`", "-start_time ASC", "tags.a-b desc", "status"], RUNS)

    assert [(order.name.key, order.direction) for order in read] == [
        ("loss", "DESC"),
        ("a b", "ASC"),
        ("start_time", "ASC"),
        ("a-b", "DESC"),
        ("status", "ASC"),
    ]


def test_the_sql_of_a_filter_holds_none_of_its_values() -> None:
    search = compiled(
        "params.`a'b` = \"'; DROP TABLE runner_runs; --\" AND run_id IN ('x\"y') AND metrics.m < 77.125",
        order_by=["tags.`') --`"],
        experiment_ids=["7"],
    )

    assert "DROP" not in search.statement
    assert "--" not in search.statement
    assert "77.125" not in search.statement
    assert {"a'b", "'; DROP TABLE runner_runs; --", 'x"y', "') --", 77.125, 7} <= set(search.values.values())


def test_what_no_database_can_hold_is_refused() -> None:
    for text in ("tags.a = '\0'", "tags.a = '\udc80'", "tags.`\udc80` = 'x'"):
        with pytest.raises(TrackingError):
            compiled(text)


words = st.sampled_from(
    [
        *RUNS.entities,
        *COLUMNS,
        *"= != < > <= >= == <> LIKE ILIKE IN NOT IS NULL AND OR ( ) , . - / : ` ' \" 'a' \"b\" `c`".split(),
        *"0 -1 1.5 .5 5. 1e999 1e5 -.1e-2 00 1_0 loss alpha ; -- /* \\ \0 \udc80 \u0663 \U0001f642".split(),
        " ",
        "\n",
    ]
)
texts = st.one_of(
    st.text(max_size=60), st.lists(words, max_size=14).map(" ".join), st.lists(words).map("".join)
)


@given(texts, st.lists(texts, max_size=2))
def test_any_text_is_a_filter_or_an_explained_error(text: str, order_by: list[str]) -> None:
    try:
        compiled(text, order_by=order_by, experiment_ids=[text])
    except TrackingError as error:
        assert str(error)  # noqa: PT017 - an error is as good as none


def test_what_compiles_runs(store: Store) -> None:
    """The database understands whatever the compiler makes."""

    @given(texts, texts)
    def ask(text: str, order: str) -> None:
        try:
            compiled(text, order_by=[order])
        except TrackingError:
            return
        store.search_runs(filter=text, order_by=[order])

    ask()


def test_a_long_filter_is_read_in_linear_time(store: Store) -> None:
    clauses = " AND ".join(["tags.a = 'x'"] * 200)

    assert store.search_runs(filter=clauses).items == ()
    with pytest.raises(TrackingError):
        parse(" " * 100_000 + "'", RUNS)
    with pytest.raises(TrackingError):
        parse_order([" " * 100_000 + "x y z"], RUNS)


@pytest.mark.parametrize(
    ("part", "joint", "most", "message"),
    [
        ("tags.a = 'x'", " AND ", 200, "more than 200 conditions"),
        ("'x'", ", ", 5000, "more than 5000 values"),
    ],
)
def test_a_search_has_a_limit_and_keeps_it(
    store: Store, part: str, joint: str, most: int, message: str
) -> None:
    whole = "run_id IN ({})" if joint == ", " else "{}"

    assert store.search_runs(filter=whole.format(joint.join([part] * most))).items == ()
    with pytest.raises(TrackingError, match=message):
        parse(whole.format(joint.join([part] * (most + 1))), RUNS)


def test_an_order_has_a_limit_and_keeps_it(store: Store) -> None:
    keys = [f"metrics.m{number}" for number in range(33)]

    assert store.search_runs(order_by=keys[:32]).items == ()
    with pytest.raises(TrackingError, match="more than 32 keys"):
        parse_order(keys, RUNS)


def test_the_echo_of_a_filter_holds_no_control_characters() -> None:
    with pytest.raises(TrackingError) as refused:
        parse("tags.a = '\x1b[31m\n' OR 1", RUNS)

    assert refused.value.detail == "tags.a = ' [31m ' OR 1\n" + " " * 18 + "^"
