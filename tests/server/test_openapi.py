"""The description of our own API is true: it is that of the code, and whatever it allows is answered without a failure."""

import json
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck

from runner.server.native.openapi import described, document
from runner.server.native.routes import OPERATIONS
from runner.server.native.shapes import EVENTS
from runner.tracking import Store
from runner.tracking.model import Run
from tests.server.listening import call
from tests.server.servers import running_server

ROOT = Path(__file__).parent.parent.parent


def test_the_description_that_is_kept_is_that_of_the_code() -> None:
    assert (ROOT / "schemas/openapi.json").read_bytes() == document()


def test_every_shape_in_the_description_is_a_schema() -> None:
    shapes = described()["components"]["schemas"]

    for shape in shapes.values():
        jsonschema.Draft202012Validator.check_schema(shape)
    assert {shape.__name__ for shape in EVENTS.values()} < set(shapes)


def test_a_server_shows_its_description() -> None:
    with running_server() as server:
        assert call(server.uri, "GET", "/openapi.json") == (200, json.loads(document()))


def test_every_call_and_every_event_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/rest-api.md").read_text()

    assert [each.path for each in OPERATIONS if f"`{each.method} {each.path}`" not in page] == []
    assert [kind for kind in EVENTS if f"| `{kind}` |" not in page] == []


@pytest.mark.slow
@pytest.mark.parametrize("examples", [10, pytest.param(150, marks=pytest.mark.nightly)])
def test_nothing_that_is_asked_makes_the_server_fail(store: Store, run: Run, examples: int) -> None:
    """Streams are asked with topics that are refused: one that is not would go on for ever."""
    schema = schemathesis.openapi.from_dict(json.loads(document()))

    with running_server() as server:
        schema.config.update(base_url=f"{server.uri}/api/runner/1")
        for each in schema.get_all_operations():
            operation = each.ok()  # type: ignore[union-attr]

            @hypothesis.settings(
                max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck)
            )
            @hypothesis.given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                if "run_id" in case.path_parameters and len(str(case.path_parameters["run_id"])) % 2:
                    case.path_parameters["run_id"] = run.id
                if case.path == "/events":
                    case.query["topics"] = f"{case.query.get('topics', '')}?"
                response = case.call(timeout=20)
                assert response.status_code < 500, (case.as_curl_command(), response.text)
                if response.status_code == 200:
                    case.validate_response(response)

            ask()
