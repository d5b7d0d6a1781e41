"""A bundle is a Process Run RO-Crate: the official validator and the library for RO-Crates say so."""

import json
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.bundles.conftest import Exported
from tests.conftest import Cli, Files
from tests.services.measuring import unmeasured
from tests.services.venvs import pinned_venv

# Who has signed off what nobody knows: licenses, affiliations, addresses of projects that have none.
UNKNOWN = {
    "process-run-crate-0.5_3.2",  # url of the application
    "process-run-crate-0.5_5.1",  # an absolute URI of it
    "ro-crate-1.1_22.1",  # license
    "ro-crate-1.1_22.3",  # publisher
    "ro-crate-1.1_30.2",  # affiliation of the author
    "ro-crate-1.1_30.3",
}


def judged(*bundles: Path) -> list[Any]:
    script = Path(__file__).with_name("judge.py")
    done = subprocess.run(
        [pinned_venv("crates"), script, *bundles],
        env=unmeasured(),
        check=True,
        capture_output=True,
        timeout=300,
    )
    return list(json.loads(done.stdout))


@pytest.mark.slow
@pytest.mark.network
def test_the_official_validator_finds_nothing_that_is_required_and_little_that_is_recommended(
    cli: Cli, files: Files, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "home"))
    failing = {
        "MLproject": """
            outputs: ["*"]
            entry_points: {main: {command: "echo ä > 'a b#c%d.txt'; exit 3"}}
            """
    }
    assert cli("run", files(failing)).code == 3
    assert cli("export", "-1", tmp_path / "failed.zip", "--with-code").code == 0

    good, failed = judged(exported.file, tmp_path / "failed.zip")

    for found in (good, failed):
        assert found["checks"] > 90
        assert {severity for severity, *_ in found["issues"]} <= {"RECOMMENDED"}, found["issues"]
        assert {check for _, check, _ in found["issues"]} <= UNKNOWN, found["issues"]
    assert good["status"].endswith("CompletedActionStatus")
    assert good["object"] == ["#param-alpha", "#param-data", "inputs/1/data.csv"]
    assert "#metric-loss" in good["result"]
    assert "artifacts/model%20%C3%A4.txt" in good["result"]
    with ZipFile(exported.file) as archive:
        assert (
            len(good["files"]) == len(archive.namelist()) - 2
        )  # all but the crate's document and the manifest
    assert failed["status"].endswith("FailedActionStatus")
    assert failed["error"] == "the program ended with exit code 3"
    assert "artifacts/a%20b%23c%25d.txt" in failed["result"]


def test_each_file_is_told_with_its_size_and_its_digest(exported: Exported) -> None:
    with ZipFile(exported.file) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
        lines = archive.read("manifest-sha256.txt").decode().splitlines()
        manifest = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        files = [entity for entity in graph if entity["@type"] == "File"]
        assert len(files) == len(archive.namelist()) - 2
        for entity in files:
            name = entity["@id"].replace("%20", " ").replace("%C3%A4", "ä")
            assert entity["contentSize"] == str(archive.getinfo(name).file_size)
            assert entity["sha256"] == manifest[name]
