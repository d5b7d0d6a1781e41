"""Every call of MLflow's server is answered here, or is in the list of those that are not."""

import http
import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.server.servers import running_server

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "mlflow-compatibility.md"
ASKED = """
import json, sys, warnings
warnings.filterwarnings("ignore")
from mlflow.server import app
calls = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}]
json.dump(sorted(calls), sys.stdout)
"""
SLIP = "2.0mlflow"  # a slash that is missing in MLflow's own description
PAGES = ("/", "/static-files/<path:path>", "/build/<path:filename>")  # MLflow's user interface itself
NOT_IMPLEMENTED = 501


@dataclass(frozen=True, order=True)
class Endpoint:
    """A method, and a path as the page has it: with `{names}` for what varies."""

    method: str
    path: str

    @property
    def group(self) -> str:
        """The path without what says which of several equal interfaces it belongs to."""
        return re.sub(r"^/(ajax-)?api/\d\.0/?(mlflow/)?", "", self.path).lstrip("/")


@pytest.fixture(scope="module")
def mlflows() -> list[Endpoint]:
    """All calls of the MLflow that is installed."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED], capture_output=True, text=True, check=True, timeout=120
    )
    calls: list[tuple[str, str]] = json.loads(done.stdout)
    return [
        Endpoint(method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path))
        for method, path in calls
        if path not in PAGES and SLIP not in path
    ]


@pytest.fixture(scope="module")
def unsupported() -> set[str]:
    """The groups of calls that the page lists as not supported."""
    section = PAGE.read_text().split("## Calls that are not supported")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


@pytest.fixture
def connection() -> Iterator[http.client.HTTPConnection]:
    with running_server() as server:
        connection = http.client.HTTPConnection(server.uri.removeprefix("http://"), timeout=30)
        yield connection
        connection.close()


@pytest.mark.slow
def test_no_call_of_mlflow_falls_between(
    mlflows: list[Endpoint], unsupported: set[str], connection: http.client.HTTPConnection
) -> None:
    missing = {endpoint for endpoint in mlflows if not answered(connection, endpoint)}
    listed = {endpoint for endpoint in mlflows if any(_below(endpoint.group, group) for group in unsupported)}

    assert len(mlflows) > 300
    assert sorted(missing - listed) == [], "neither answered nor listed"
    assert sorted(listed - missing) == [], "listed, and answered"
    idle = {group for group in unsupported if not any(_below(endpoint.group, group) for endpoint in mlflows)}
    assert not idle, "listed, and unknown to MLflow"


def answered(connection: http.client.HTTPConnection, endpoint: Endpoint) -> bool:
    """Whether there is anybody for this call: whatever he says, it is not 501."""
    body = None if endpoint.method == "GET" else "{}"
    connection.request(
        endpoint.method, re.sub(r"{\w+}", "x", endpoint.path), body, {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    said = response.read()
    if response.status == NOT_IMPLEMENTED:
        assert json.loads(said)["error_code"] == "NOT_IMPLEMENTED"
        return False
    assert b"ENDPOINT_NOT_FOUND" not in said, f"{endpoint} is not known at all"
    assert response.status != http.HTTPStatus.METHOD_NOT_ALLOWED, f"{endpoint} is not known by this method"
    assert response.status < http.HTTPStatus.INTERNAL_SERVER_ERROR, f"{endpoint}: {said!r}"
    return True


def _below(group: str, listed: str) -> bool:
    return group == listed or group.startswith((f"{listed}/", f"{listed}{{"))
