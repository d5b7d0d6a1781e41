"""Unmodified mlflow clients do here what they do at MLflow's own server: the same script, the same results, field by field."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.comparing import differences
from tests.server.servers import running_server
from tests.services.measuring import unmeasured
from tests.services.mlflows import CURRENT, mlflow_server, mlflow_venv

ROOT = Path(__file__).parents[2]
OLD = "1.30"
OF_OLD_SERVERS = ("registry", "search_registry", "lists")  # newer servers answer 404 where 1.30 asks


@dataclass(frozen=True)
class Accepted:
    """A difference that is meant: `place` is a pattern of its whole place."""

    place: str
    reason: str


ACCEPTED = (
    Accepted(r"\w+\.model\.latest\.\d\.aliases(\.\d)?", "versions know their aliases wherever they are told"),
    Accepted(r"artifacts\.(file|listed)\.\d+\.\d", "an empty file has a size, 0; MLflow leaves it out"),
    Accepted(
        r"evaluated\.found", "a model that was measured on the data set is found; MLflow's server finds none"
    ),
    Accepted(r"experiments\.no_id\.error", "an id that is no number is one that does not exist"),
    Accepted(r"experiments\.twice", "to delete again what is deleted changes nothing, so it may be repeated"),
    Accepted(
        r"logged_models\.found\.metrics\.acc > 'a'\.error",
        "a mistake of the caller's, no error of the server",
    ),
    Accepted(
        r"logged_models\.found\.status = 'READY'",
        "models are found by their status; MLflow's server finds none",
    ),
    Accepted(r"registry\.absent\.5", "a model's name has no slash; servers of 1.30 took one"),
    Accepted(r"registry\.absent\.6\.error", "the registered model is looked for before its version's source"),
    Accepted(r"search_experiments\.attributes\.name = 'a'", "`attributes.` and `attribute.` are one word"),
    Accepted(r"search_runs\.params\.alpha = 0\.1", "params are compared as numbers as well"),
)


@dataclass
class Flows:
    """One running of the script; its document, when it has ended."""

    process: "subprocess.Popen[str]"
    result: Path

    def document(self) -> dict[str, Any]:
        said = self.process.communicate(timeout=300)[0]
        assert self.process.returncode == 0, said[-3000:]
        document: dict[str, Any] = json.loads(self.result.read_text())
        return document


def started(client: str, address: str, result: Path, *flows: str) -> Flows:
    """The script under that client, at that server."""
    result.parent.mkdir(parents=True, exist_ok=True)
    command = [
        str(mlflow_venv(client)),
        "-m",
        "tests.clients.flows",
        f"c{client.replace('.', '')}",
        str(result),
        *flows,
    ]
    environ = {**unmeasured(), **variables(address)}
    process = subprocess.Popen(
        command,
        cwd=result.parent,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Flows(process, result)


def variables(address: str) -> Mapping[str, str]:
    return {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # an error of the server is one here, not four minutes of patience
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
        "PYTHONPATH": str(ROOT),
    }


class References:
    """MLflow's own servers, each started when it is first asked for."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._running = ExitStack()
        self._addresses: dict[str, str] = {}

    def address(self, version: str) -> str:
        if version not in self._addresses:
            server = mlflow_server(version, self._place / version)
            self._addresses[version] = self._running.enter_context(server)
        return self._addresses[version]

    def close(self) -> None:
        self._running.close()


@pytest.fixture(scope="session")
def references(tmp_path_factory: pytest.TempPathFactory) -> Iterator[References]:
    servers = References(tmp_path_factory.mktemp("references"))
    yield servers
    servers.close()


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("client", [CURRENT, pytest.param("2.22", marks=pytest.mark.nightly), OLD])
def test_a_client_reads_here_what_it_reads_at_mlflows_server(
    client: str, references: References, tmp_path: Path
) -> None:
    with running_server(environ=unmeasured()) as server:
        here = started(client, server.uri, tmp_path / "ours.json")
        there = started(client, references.address(CURRENT), tmp_path / "theirs.json")
        ours, theirs = here.document(), there.document()
    if client == OLD:
        old = started(client, references.address(OLD), tmp_path / "old.json", *OF_OLD_SERVERS)
        theirs |= old.document()

    failed = {name: read["raised"] for name, read in ours.items() if "raised" in read}
    assert not failed
    assert ours.keys() == theirs.keys()
    assert not unexpected(ours, theirs)


def unexpected(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Differences that nobody accepted, readable."""
    return [
        f"{found.place}: here {found.ours!r}, MLflow {found.theirs!r}"
        for found in differences(ours, theirs)
        if not any(re.fullmatch(accepted.place, found.place) for accepted in ACCEPTED)
    ]
