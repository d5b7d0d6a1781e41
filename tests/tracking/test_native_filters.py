"""The filter language of our pages: what is understood, where it is wrong, what is being written."""

import pytest

from runner.errors import FilterError
from runner.tracking.clock import now
from runner.tracking.filters.columns import Column, Sorted, column, order
from runner.tracking.filters.completing import place
from runner.tracking.filters.native import AnyOf, Term, Words, parse
from runner.tracking.filters.parser import Clause

HOUR = 3_600_000


def told(term: Term) -> str:
    """The term with all that is left out, and without places."""
    match term:
        case Words(text):
            return f"holds {text}"
        case AnyOf(clauses):
            return " | ".join(told(clause) for clause in clauses)
        case Clause(name, operator, value):
            said = "" if value is None else f" {value}"
            return f"{name.entity}.{name.key} {operator}{said}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", []),
        ("  falcon 'two words' ", ["holds falcon", "holds two words"]),
        ("lr < 0.01", ["param.lr < 0.01 | metric.lr < 0.01"]),
        ("lr<1e-3 and optimizer=adam", ["param.lr < 0.001 | metric.lr < 0.001", "param.optimizer = adam | tag.optimizer = adam"]),
        ("metrics.val/acc >= .9", ["metric.val/acc >= 0.9"]),
        ("metrics.`val acc` > 1 AND params.'a=b' = 'x'", ["metric.val acc > 1.0", "param.a=b = x"]),
        ("`val acc` == 1", ["param.val acc = 1.0 | metric.val acc = 1.0"]),
        ("params.a.b <> adam-w", ["param.a.b != adam-w"]),
        ("status = Failed", ["attribute.status IN ('FAILED', 'LOST')"]),
        ("status not in (queued, killed)", ["attribute.status NOT IN ('QUEUED', 'KILLED')"]),
        ("attributes.run_name like 'a%'", ["attribute.name LIKE a%"]),
        ("code ~ 8f3c", ["tag.mlflow.source.git.commit ~ 8f3c"]),
        ("lr is not null", ["param.lr IS NOT NULL | metric.lr IS NOT NULL | tag.lr IS NOT NULL"]),
        ("params.lr IS NULL", ["param.lr IS NULL"]),
        ("x in (a, 'b c')", ["param.x IN ('a', 'b c') | tag.x IN ('a', 'b c')"]),
        ("duration >= 1.5h", [f"attribute.duration >= {1.5 * HOUR}"]),
        ("started > 1700000000000", ["attribute.started > 1700000000000.0"]),
        ("dataset.name = wine", ["dataset.name = wine"]),
        ("since", ["holds since"]),
        ("lr < 1e999", ["param.lr < 1.7976931348623157e+308 | metric.lr < 1.7976931348623157e+308"]),
        ("version = 2.9.1", ["param.version = 2.9.1 | tag.version = 2.9.1"]),
        ("params.seed = '1'", ["param.seed = 1"]),
    ],
)  # fmt: skip
def test_what_people_write_is_understood(text: str, meant: list[str]) -> None:
    assert [told(term) for term in parse(text)] == meant


def test_times_count_back_from_now() -> None:
    (clause,) = parse("since 12h")

    assert isinstance(clause, Clause)
    assert clause.name.key == "started"
    assert abs(now() - 12 * HOUR - float(str(clause.value))) < 10_000


@pytest.mark.parametrize(
    ("text", "wrong", "hint"),
    [
        ("lr <", "", "0.01"),
        ("= 3", "=", "lr < 0.01"),
        ("status = faild", "faild", "did you mean 'failed'?"),
        ("metrics.loss = low", "low", "it takes = !="),
        ("lr < low", "low", "texts are compared by"),
        ("name < x", "x", "it takes ="),
        ("a or b", "or", "hold together"),
        ("not a", "not", "!="),
        ("a and", "and", "another condition"),
        ("lr < 1 and tags.t = 'open", "'open", None),
        ("since yesterday", "yesterday", "7d"),
        ("attributes.stat = x", "attributes.stat", "did you mean 'status'?"),
        ("metrics. > 3", "metrics.", "metrics.loss"),
        ("x in (a", "", None),
        ("user is null", "is", "params, metrics and tags"),
        ("dataset.size > 3", "dataset.size", "name, digest, context"),
        ("duration > long", "long", "90s"),
        ("metrics.loss in (1, 2)", "1", "it takes ="),
        ("started in (7d)", "7d", "it takes ="),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, wrong: str, hint: str | None) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)

    start, end = caught.value.at
    assert text[start:end] == wrong
    assert start < end
    assert (hint or "") in (caught.value.hint or "")


def test_a_long_filter_is_refused_soon() -> None:
    for text in ("a " * 5001, "a " * 60, "(" * 9000, f"x in ({','.join('a' * 201)})"):
        with pytest.raises(FilterError):
            parse(text)


def test_columns_and_orders_are_read() -> None:
    assert column("metrics.val/acc") == Column("metric", "val/acc")
    assert column("MIN( metrics.a b )") == Column("metric", "a b", "min")
    assert column("mean(metrics.f(x), 10)") == Column("metric", "f(x)", "mean", 10)
    assert column("run_name") == column("attributes.name") == Column("attribute", "name")
    loss = Column("metric", "loss")
    assert order(["-metrics.loss", "metrics.loss DESC", "started asc"]) == [
        Sorted(loss, True),
        Sorted(loss, True),
        Sorted(Column("attribute", "started"), False),
    ]
    for text in (
        "",
        "loss",
        "best(metrics.loss)",
        "min(params.lr)",
        "max(metrics.a, 3)",
        "dataset.name",
        "m" * 500,
    ):
        with pytest.raises(FilterError):
            column(text)


@pytest.mark.parametrize(
    ("text", "kind", "begun", "replaced", "of"),
    [
        ("|", "name", "", "", None),
        ("lr < 0.1 op|t", "name", "op", "opt", None),
        ("metrics.va|", "name", "va", "metrics.va", "metric"),
        ("lr |", "operator", "", "", None),
        ("lr <|", "value", "", "", "param.lr tag.lr"),
        ("optimizer = ad|", "value", "ad", "ad", "param.optimizer tag.optimizer"),
        ("optimizer = 'ad|", "value", "ad", "'ad", "param.optimizer tag.optimizer"),
        ("tags.team in (a, b|", "value", "b", "b", "tag.team"),
        ("tags.team not in (|", "value", "", "", "tag.team"),
        ("status = f| and x = 1", "value", "f", "f", "attribute.status"),
        ("since |", "value", "", "", "attribute.started"),
        ("lr < 1 |", "name", "", "", None),
        ("lr < 1 and |", "name", "", "", None),
        ("lr is null |", "name", "", "", None),
    ],
)
def test_what_is_being_written_is_known_at_every_place(
    text: str, kind: str, begun: str, replaced: str, of: str | None
) -> None:
    at = text.index("|")
    text = text.replace("|", "")

    found = place(text, at)

    assert (found.kind, found.begun, text[found.start : found.end]) == (kind, begun, replaced)
    names = " ".join(f"{name.entity}.{name.key}" for name in found.names)
    assert (found.entity or names or None) == of


def test_there_is_a_place_for_every_caret() -> None:
    text = "lr < 0.1 and `a b` = 'x y' in (1, 'z) \"\x00 €"

    for at in range(len(text) + 5):
        found = place(text, at)
        assert 0 <= found.start <= found.end <= len(text)
