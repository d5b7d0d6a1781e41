"""Bundles of runs on a server, and into one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundles.conftest import Exported
from tests.conftest import Cli
from tests.server.servers import running_server


@pytest.fixture
def server(exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A team's server, and a person elsewhere."""
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "team"))
    with running_server() as running:
        monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "person"))
        yield running.uri


def test_a_run_goes_from_a_file_to_a_server_and_back_into_a_file(
    cli: Cli, exported: Exported, server: str, tmp_path: Path
) -> None:
    came = cli("import", "--tracking-uri", server, exported.file, "--json")
    again = cli("import", "--tracking-uri", server, exported.file, "--json")

    assert came.code == 0, came.err
    found, repeated = json.loads(came.out), json.loads(again.out)
    assert (found["outcome"], repeated["outcome"], repeated["files"]) == ("came", "there", 0)
    assert found["run_id"] == repeated["run_id"] != exported.run  # a server gives ids of its own
    there = cli("runs", "--tracking-uri", server, "show", found["run_id"], "--json")
    assert json.loads(there.out)["tags"]["runner.moved.id"] == exported.run
    assert cli("verify", "--tracking-uri", server, found["run_id"]).code == 0
    back = cli("export", f"{server}/#/experiments/1/runs/{found['run_id']}", tmp_path / "back.zip")
    assert back.code == 0, back.err
    assert cli("verify", tmp_path / "back.zip").code == 0


def test_a_run_on_a_server_is_signed_there(cli: Cli, exported: Exported, server: str, tmp_path: Path) -> None:
    run = json.loads(cli("import", "--tracking-uri", server, exported.file, "--json").out)["run_id"]
    (tmp_path / "key.pub").write_text(cli("sign", "--new-key", tmp_path / "key.pem").out)

    signed = cli("sign", "--tracking-uri", server, run, "--key", tmp_path / "key.pem")

    assert signed.code == 0, signed.err
    assert cli("verify", "--tracking-uri", server, run, "--key", tmp_path / "key.pub").code == 0
