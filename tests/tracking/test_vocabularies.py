"""Each search has its own words; whatever else is asked, the answer says what can be."""

import time
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import TrackingError
from runner.tracking import Store
from runner.tracking.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    Vocabulary,
    parse,
    parse_order,
)
from runner.tracking.filters.vocabulary import DATASET_KEYS
from tests.services.measuring import untraced

VOCABULARIES = {
    "runs": RUNS,
    "experiments": EXPERIMENTS,
    "registered models": REGISTERED_MODELS,
    "model versions": MODEL_VERSIONS,
    "logged models": LOGGED_MODELS,
}


@pytest.mark.parametrize(
    ("kind", "text", "message", "hint"),
    [
        (
            "experiments",
            "colour > 5",
            "'colour' is no attribute of an experiment",
            "tags.colour?",
        ),
        ("experiments", "nam = 'x'", "'nam' is no attribute of an experiment", "did you mean 'name'?"),
        ("experiments", "metrics.loss < 1", "'metrics' is nothing to search in", "one of tags, attributes"),
        (
            "experiments",
            "experiment_id LIKE '1'",
            "experiment_id cannot be compared by LIKE",
            "it takes = != IN NOT IN",
        ),
        (
            "experiments",
            "experiment_id = 1",
            "experiment_id cannot be compared by = with a number",
            "quote the value",
        ),
        ("experiments", "5 = name", "expected a name such as tags.team", None),
        (
            "registered models",
            "run_id = 'x'",
            "'run_id' is no attribute of a registered model",
            "tags.run_id?",
        ),
        (
            "registered models",
            "params.a = 'x'",
            "'params' is nothing to search in",
            "one of tags, attributes",
        ),
        ("model versions", "status = 'x'", "'status' is no attribute of a model version", "tags.status?"),
        (
            "model versions",
            "version_number = 'x'",
            "version_number cannot be compared by = with a text",
            "without quotes",
        ),
        (
            "model versions",
            "version_number LIKE '1'",
            "cannot be compared by LIKE with a number",
            "it takes = !=",
        ),
        ("logged models", "metrics.loss = 'x'", "loss cannot be compared by = with a text", "without quotes"),
        (
            "logged models",
            "user_id = 'x'",
            "'user_id' is no attribute of a logged model",
            "metrics.user_id or params",
        ),
        (
            "logged models",
            "datasets.name = 'x'",
            "'datasets' is nothing to search in",
            "one of metrics, params",
        ),
        ("runs", "name = 'x'", "'name' is no attribute of a run", None),
    ],
)
def test_a_word_of_another_search_is_explained(kind: str, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(TrackingError) as refused:
        parse(text, VOCABULARIES[kind])

    assert message in str(refused.value)
    assert (hint or "") in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("experiments", "experiment_id IN ('1', '2') AND creation_time >= 5", [("1", "2"), 5.0]),
        ("registered models", "name NOT IN ('a') AND tag.b IS NULL", [("a",), None]),
        ("model versions", "version_number = '2' AND version_number > 1", [2.0, 1.0]),
        (
            "logged models",
            "params.alpha < 0.1 AND params.alpha = '0.1' AND model_id IN ('m')",
            [0.1, "0.1", ("m",)],
        ),
    ],
)
def test_each_search_takes_its_own_words(kind: str, text: str, values: list[object]) -> None:
    assert [clause.value for clause in parse(text, VOCABULARIES[kind])] == values


def test_an_order_has_the_same_words() -> None:
    assert parse_order(["version_number DESC"], MODEL_VERSIONS)[0].direction == "DESC"
    with pytest.raises(TrackingError, match="no attribute of a registered model"):
        parse_order(["version_number DESC"], REGISTERED_MODELS)


LONG = 300_000
HARD = {
    "digits that end in a letter": "1" * LONG + "a",
    "digits with a point": "1" * LONG + "." + "1" * LONG + "a",
    "digits with an exponent": "tags.x = 1e" + "1" * LONG + "a",
    "one word": "a" * LONG,
    "a word of many parts": "tags." + "a." * (LONG // 2) + " b c",
    "a text": "tags.a = '" + "x" * LONG + "' OR",
    "a quote that is not closed": "tags.a = '" + "x" * LONG,
    "a list": "name IN (" + "'x'," * 4999,
    "spaces": " " * LONG + "'",
    "quotes": "`" * (LONG + 1),
    "dots and digits": "1." * (LONG // 2) + "a",
    "brackets": "(" * LONG,
}


def order_of(text: str, words: Vocabulary) -> object:
    return parse_order([text], words)


READINGS = {"filter": parse, "order": order_of}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS)
def test_a_long_text_takes_no_more_than_its_length(
    text: str, read: Callable[[str, Vocabulary], object]
) -> None:
    """By the square of its length, it would take minutes; and the answer does not repeat all of it."""
    begin = time.process_time()
    with pytest.raises(TrackingError) as refused:
        read(text, RUNS)

    assert time.process_time() - begin < 5
    assert len(f"{refused.value}{refused.value.detail}{refused.value.hint}") < 1000


WORDS = sorted({word for words in VOCABULARIES.values() for word in (*words.entities, *words.attributes)})
SIGNS = "= != < > <= >= == <> LIKE ILIKE IN NOT IS NULL AND OR ( ) , . - / : ` ' \" 'a' \"b\" `c` '1'".split()
ODD = "0 -1 1.5 .5 5. 1e999 1e5 -.1e-2 00 1_0 loss ; -- /* \\ \0 \udc80 \u0663 \U0001f642 \u2028".split(" ")
clauses = st.tuples(
    st.sampled_from(["", "tags.", "metrics.", "params.", "attributes.", "datasets."]),
    st.sampled_from([*WORDS, "`a b`", "a.b"]),
    st.sampled_from([" = ", " != ", " < ", " LIKE ", " IN ", " NOT IN ", " IS "]),
    st.sampled_from(["'x'", "5", "-1e3", "('a', 'b')", "('a',)", "NULL", "NOT NULL", "x", "'"]),
).map("".join)
texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*WORDS, *SIGNS, *ODD, " ", "\n"]), max_size=12).map(" ".join),
    st.lists(st.sampled_from([*WORDS, *SIGNS, *ODD, " "]), max_size=12).map("".join),
    st.lists(clauses, min_size=1, max_size=3).map(" AND ".join),
)


def varied(text: str, chance: Random) -> Iterator[str]:
    """The text, and some in which a part of it is another word."""
    yield text
    for _ in range(6):
        begin, end = sorted(chance.choices(range(len(text) + 1), k=2))
        yield f"{text[:begin]}{chance.choice([*WORDS, *SIGNS, *ODD])}{text[end:]}"


@pytest.mark.slow
@pytest.mark.parametrize("examples", [2_000, pytest.param(20_000, marks=pytest.mark.nightly)])
def test_any_text_in_any_search_is_understood_or_explained(examples: int) -> None:
    """By night more than 100,000 different texts, each as a filter or an order of some search."""
    texts_read: set[str] = set()

    @given(texts, st.integers(0, 2**32))
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def read(drawn: str, seed: int) -> None:
        chance = Random(seed)
        for text in varied(drawn, chance):
            words = chance.choice([*VOCABULARIES.values()])
            try:
                chance.choice([parse, order_of])(text, words)
            except TrackingError as error:
                assert str(error)  # noqa: PT017 - an error is as good as none
            texts_read.add(text)

    with untraced():
        read()
    assert len(texts_read) > 5 * examples


VALUES = {True: ("5", "-1e3", "1e999", "9" * 400), False: ("'x'", "''", "'%a_!'", "'\\'", "'\U0001f642'")}
LISTS = {"IN": "('a', 'b')", "NOT IN": "('1')"}


@st.composite
def conditions(draw: st.DrawFn, words: Vocabulary) -> str:
    """One that the search has, of any name, operator and value."""
    entity = draw(st.sampled_from(sorted(words.entities)))
    kind = words.entities[entity]
    keys = {"attribute": sorted(words.attributes), "dataset": DATASET_KEYS}.get(kind, ("a", "b c", "\u00fc"))
    key, number = draw(st.sampled_from(keys)), draw(st.booleans())
    number = number if words.operators(kind, key, number=number) else not number
    operator = draw(st.sampled_from(words.operators(kind, key, number=number)))
    value = "" if "NULL" in operator else LISTS.get(operator) or draw(st.sampled_from(VALUES[number]))
    return f"{entity}.`{key}` {operator} {value}"


@pytest.mark.slow
@pytest.mark.parametrize("store_uri", ["sqlite3"], indirect=True)
def test_what_is_understood_can_be_searched_for(store: Store) -> None:
    """Some thousand filters, as SQL in a database."""
    searches: dict[str, Callable[[str], object]] = {
        "runs": lambda text: store.search_runs(filter=text),
        "experiments": lambda text: store.search_experiments(filter=text),
        "registered models": lambda text: store.registry.search(filter=text),
        "model versions": lambda text: store.registry.search_versions(filter=text),
        "logged models": lambda text: store.models.search(["0"], filter=text),
    }
    searched = 0

    @given(st.sampled_from(sorted(searches)), st.data())
    @settings(max_examples=3000, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def ask(kind: str, data: st.DataObject) -> None:
        nonlocal searched
        text = " AND ".join(data.draw(st.lists(conditions(VOCABULARIES[kind]), min_size=1, max_size=3)))
        assert parse(text, VOCABULARIES[kind])
        searches[kind](text)
        searched += 1

    ask()
    assert searched > 2000


def test_the_texts_are_worth_asking() -> None:
    """Some of them are understood, or only errors would be looked at."""
    understood = 0

    @given(clauses)
    @settings(max_examples=500, database=None)
    def ask(text: str) -> None:
        nonlocal understood
        for words in VOCABULARIES.values():
            try:
                understood += bool(parse(text, words))
            except TrackingError:
                continue

    ask()
    assert understood > 50
