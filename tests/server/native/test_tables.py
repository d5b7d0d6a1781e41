"""Many runs at once, over HTTP: what pages and scripts are answered."""

import gzip
import http.client
import json
import math
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from runner.tracking import Store
from runner.tracking.model import Metric, Run
from tests.server.conftest import Answer
from tests.server.listening import API, connected
from tests.server.servers import RunningServer, running_server


@pytest.fixture
def runs(store: Store) -> list[Run]:
    """Three of them, with a seed each."""
    made = []
    for number, loss in enumerate([0.5, math.nan, -math.inf]):
        run = store.create_run(
            "0",
            name=f"run-{number}",
            started=number,
            params={"lr": "0.1", "seed": str(number)},
            tags={"my team": "a b"},
        )
        store.log(run.id, metrics=[Metric("loss", loss, 5 + step, step) for step in range(number + 1)])
        made.append(run)
    return made


@pytest.fixture
def server(runs: list[Run]) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


def asked(server: RunningServer, path: str, /, **query: Any) -> Answer:
    """What our own API answers, the body as it was sent if it is compressed."""
    with closing(connected(server.uri)) as connection:
        headers = {"Accept-Encoding": query.pop("accept", "identity")}
        connection.request("GET", f"{API}{path}?{urlencode(query, doseq=True)}", headers=headers)
        response: http.client.HTTPResponse = connection.getresponse()
        content = response.read()
        told = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, told, content if "content-encoding" in told else json.loads(content))


def test_a_page_is_drawn_from_a_handful_of_answers(server: RunningServer, runs: list[Run]) -> None:
    columns = ["metrics.loss", "params.lr", "tags.my team", "params.none"]
    table = asked(
        server, "/runs/table", columns=columns, sort="metrics.loss", q="lr = 0.1 and run", limit=2
    ).body
    facts = {each["key"]: each for each in asked(server, "/runs/columns").body["columns"]}
    groups = asked(server, "/runs/groups", but="params.seed", columns="params.seed").body
    lines = asked(server, "/runs/series", runs=[run.id for run in runs], keys="loss", buckets=2).body[
        "series"
    ]
    offered = asked(server, "/runs/complete", text="tags.my", at=99).body

    assert (table["total"], table["columns"]) == (3, columns)
    assert [(row["name"], row["values"]) for row in table["rows"]] == [
        ("run-2", ["-Infinity", "0.1", "a b", None]),
        ("run-0", [0.5, "0.1", "a b", None]),
    ]
    assert facts["params.lr"] == {
        "key": "params.lr",
        "count": 3,
        "distinct": 1,
        "numeric": True,
        "min": 0.1,
        "max": 0.1,
        "value": 0.1,
    }
    assert facts["metrics.loss"]["min"] == "-Infinity"
    assert [(group["count"], group["cells"][0]["mean"]) for group in groups["groups"]] == [(3, 1.0)]
    assert [(line["run"], line["points"]) for line in lines] == [
        (runs[0].id, [[0, 0.5]]),
        (runs[1].id, [[0, None, None, None, None]]),
        (runs[2].id, [[0, None, None, None, None], [2, None]]),
    ]
    assert [(line["nan"], line["infinite"], line["count"]) for line in lines] == [
        (0, 0, 1),
        (2, 0, 2),
        (0, 3, 3),
    ]
    assert (offered["from"], offered["to"], offered["items"]) == (
        0,
        7,
        [{"text": "tags.`my team`", "soft": "tag"}],
    )


def test_values_are_offered_as_they_are_written(server: RunningServer) -> None:
    def texts(text: str) -> list[str]:
        return [item["text"] for item in asked(server, "/runs/complete", text=text).body["items"]]

    assert texts("tags.`my team` = ") == ["'a b'"]
    assert texts("status = fin") == ["finished"]
    assert texts("se") == ["seed"]
    assert texts("experiment = Def") == ["Default"]
    assert "<" in texts("lr ")
    assert "7d" in texts("since ")


@pytest.mark.parametrize(
    ("query", "what", "position", "hint"),
    [
        ({"q": "lr < 0.1 and status = faild"}, "filter", [22, 27], "did you mean 'failed'?"),
        ({"sort": "loss"}, "sort", [0, 4], "metrics.loss, params.loss or tags.loss?"),
        ({"columns": "best(metrics.loss)"}, "column", [0, 18], None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    server: RunningServer, query: dict[str, str], what: str, position: list[int], hint: str | None
) -> None:
    answer = asked(server, "/runs/table", **query)

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert (answer.body["what"], answer.body["position"]) == (what, position)
    assert answer.body["reason"] in answer.message
    assert hint is None or answer.body["hint"] == hint


def test_long_answers_are_compressed_for_those_who_take_them_and_kept_by_nobody(
    server: RunningServer, runs: list[Run]
) -> None:
    columns = [f"params.p{number}" for number in range(100)]
    plain = asked(server, "/runs/table", columns=columns)
    packed = asked(server, "/runs/table", columns=columns, accept="gzip")

    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == plain.body
    assert len(packed.body) < int(plain.headers["content-length"]) / 3
    assert plain.headers["cache-control"] == packed.headers["cache-control"] == "no-store"
    with closing(connected(server.uri)) as connection:
        connection.request(
            "GET", f"{API}/events?topics=run:{runs[0].id}", headers={"Accept-Encoding": "gzip"}
        )
        stream = connection.getresponse()
        assert stream.headers["Content-Encoding"] is None
        assert stream.readline().startswith(b"retry:")
