"""What MLflow has recorded is the same after it has moved in, and after it has moved out again."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.comparing import differences
from tests.clients.test_clients import variables
from tests.conftest import Cli
from tests.server.servers import running_server
from tests.services.measuring import unmeasured
from tests.services.mlflows import CURRENT, mlflow_venv

FLOWS = ("experiments", "fluent", "client_runs", "artifacts", "datasets", "aliases")
NEWER = ("logged_models", "evaluated")
MEANT = (
    r".*\.(artifact_uri|artifact_location|source|experiment_id)",  # another store is another place
    r".*\.latest\.\d\.aliases(\.\d)?",  # MLflow's stores leave them out here and there
    r"versions\..*\.aliases",
    r"(registered|versions)\..*\.model_id",
    r"experiments\.Default\..*_time",  # there is one already
    r"runs\..*\.files\.\d+\.1",  # an empty file has a size
    r"registered\..*\.last_updated_timestamp",
    r"runs\..*\.-?inf(\.\d\.1)?",  # infinity is the greatest number, as in MLflow's databases
    r"runs\.moved-client-runs\.<id \d>\.history\.m",  # a point that was logged twice is kept once, as in MLflow's databases
)
pytestmark = [pytest.mark.slow, pytest.mark.network]


def client(version: str, address: str, module: str, *arguments: str, at: Path) -> None:
    """Run one of our scripts under a client."""
    done = subprocess.run(
        [str(mlflow_venv(version)), "-m", f"tests.clients.flows{module}", *arguments],
        cwd=at,
        env={**unmeasured(), **variables(address), "MLFLOW_ALLOW_FILE_STORE": "true"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def recorded(version: str, address: str, at: Path) -> None:
    """A store that has seen much."""
    flows = FLOWS + (NEWER if version == CURRENT else ())
    client(version, address, "", "moved", str(at / "flows.json"), *flows, at=at)
    document = json.loads((at / "flows.json").read_text())
    assert not {name: read["raised"] for name, read in document.items() if "raised" in read}


def read(version: str, address: str, at: Path) -> dict[str, Any]:
    client(version, address, ".everything", str(at / "read.json"), at=at)
    found: dict[str, Any] = json.loads((at / "read.json").read_text())
    return found


def unmeant(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    return [
        f"{found.place}: here {found.ours!r}, MLflow {found.theirs!r}"
        for found in differences(ours, theirs)
        if not any(re.fullmatch(place, found.place) for place in MEANT)
        and (found.ours or None) != (found.theirs or None)  # nothing is told in two ways
    ]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        pytest.param(CURRENT, "sqlite", marks=pytest.mark.nightly),
        (CURRENT, "file"),
        pytest.param("2.22", "file", marks=pytest.mark.nightly),
    ],
)
def test_what_moved_in_and_out_again_is_what_it_was(
    version: str, kind: str, tmp_path: Path, cli: Cli
) -> None:
    place = f"sqlite:///{tmp_path / 'mlflow.db'}" if kind == "sqlite" else (tmp_path / "mlruns").as_uri()
    recorded(version, place, tmp_path)
    before = read(version, place, tmp_path)

    first, again = (json.loads(cli("import", "mlflow", place, "--json").out) for _ in range(2))
    out = cli("export", "mlflow", tmp_path / "out", "--json")

    assert first["left_out"] == again["left_out"] == json.loads(out.out)["left_out"] == []
    assert not [kind for kind, counts in again["counts"].items() if counts["came"] or counts["continued"]]
    with running_server() as server:
        assert unmeant(read(version, server.uri, tmp_path), before) == []
    assert unmeant(read(version, (tmp_path / "out").as_uri(), tmp_path), before) == []
