"""`runner export RUN FILE`, `runner import FILE`, `runner archive`: what is written where, and what is told."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runner.bundles.reading import opened_bundle
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import Dataset, DatasetInput, RunStatus
from tests.conftest import Cli, Files
from tests.services.measuring import unmeasured

PROJECT = {
    "MLproject": "{outputs: [out.bin], entry_points: {main: {command: 'head -c 1000 /dev/zero > out.bin'}}}"
}
LITTLE = 200 << 20  # bytes of memory
WITH_DATA = {
    "MLproject": "entry_points: {main: {parameters: {data: path}, command: 'wc -l {data}'}}",
}


def about(file: Path) -> tuple[list[str], list[str]]:
    """Names of the files in a bundle, and what it says to be missing."""
    with opened_bundle(file) as bundle:
        return sorted(bundle.members.entries), list(bundle.about.missing)


def test_a_run_becomes_a_file(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))

    outcome = cli("export", "-1", tmp_path / "run.zip", "--json")

    told = json.loads(outcome.out)
    assert outcome.code == 0
    assert told["file"] == str(tmp_path / "run.zip")
    assert told["bytes"] == (tmp_path / "run.zip").stat().st_size
    names, _ = about(tmp_path / "run.zip")
    assert told["files"] == len(names)
    assert {
        "run.json",
        "ro-crate-metadata.json",
        "artifacts/out.bin",
        "artifacts/runner/provenance.json",
    } <= {*names}


def test_a_file_that_is_there_is_replaced_only_if_one_says_so(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))
    file = tmp_path / "run.zip"
    file.write_bytes(b"mine")

    refused = cli("export", "-1", file)

    assert refused.code == 2
    assert "--force" in refused.err
    assert file.read_bytes() == b"mine"
    assert cli("export", "-1", file, "--force").code == 0
    assert cli("verify", file).code == 0


def test_no_file_is_left_where_an_export_fails(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))
    place = tmp_path / "place"
    place.mkdir()

    for run, file in (("nobody", place / "x.zip"), ("-1", place / "no/x.zip"), ("-1", place)):
        outcome = cli("export", run, file)
        assert outcome.code in {2, 7}
        assert outcome.err.startswith("error: ")
    assert list(place.iterdir()) == []


def test_an_artifact_that_is_gone_is_told_and_nothing_is_written(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    cli("run", files(PROJECT))
    run = json.loads(cli("runs", "show", "-1", "--json").out)
    plan = Path(run["artifact_uri"].removeprefix("file://")) / "runner/plan.json"
    plan.unlink()

    outcome = cli("export", "-1", tmp_path / "run.zip")

    assert outcome.code == 2
    assert "runner/plan.json" in outcome.err
    assert not (tmp_path / "run.zip").exists()


@pytest.mark.parametrize("change", [lambda file: file.write_text("another"), Path.unlink])
def test_a_run_whose_code_was_altered_becomes_no_bundle_that_nobody_could_read(
    cli: Cli, files: Files, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    cli("run", files(PROJECT))
    place = Path(json.loads(cli("runs", "show", "-1", "--json").out)["artifact_uri"].removeprefix("file://"))
    change(place / "runner/source/patch.diff")

    outcome = cli("export", "-1", tmp_path / "run.zip")

    assert outcome.code == 7
    assert "its code with the digest sha256:" in outcome.err
    assert list(tmp_path.glob("*run.zip*")) == []


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small file system")
def test_a_full_disk_is_told_by_its_name_and_holds_nothing_of_the_export(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    cli("run", files({"MLproject": PROJECT["MLproject"].replace("1000 /dev/zero", "900000 /dev/urandom")}))
    small = tmp_path / "small"
    small.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(small)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        outcome = cli("export", "-1", small / "run.zip")

        assert outcome.code == 7
        assert f"'out.bin' cannot be copied to {small}" in outcome.err
        assert "No space left on device" in outcome.err
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_killed_export_leaves_no_file_at_its_place(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli(
        "run",
        files({"MLproject": PROJECT["MLproject"].replace("1000 /dev/zero", "30000000 /dev/urandom")}),
        "-q",
    )
    file = tmp_path / "place" / "run.zip"
    file.parent.mkdir()
    command = [sys.executable, "-m", "runner", "export", "-1", str(file), "-q"]
    with subprocess.Popen(command, env=unmeasured(), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while not any(file.parent.iterdir()) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)

    if file.exists():  # it was faster: then it is whole
        assert cli("verify", file).code == 0
    assert cli("export", "-1", file, "--force").code == 0
    assert cli("verify", file).code == 0


def test_an_interrupted_export_leaves_nothing_at_all(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli(
        "run",
        files({"MLproject": PROJECT["MLproject"].replace("1000 /dev/zero", "30000000 /dev/urandom")}),
        "-q",
    )
    place = tmp_path / "place"
    place.mkdir()
    command = [sys.executable, "-m", "runner", "export", "-1", str(place / "run.zip"), "-q"]
    with subprocess.Popen(command, env=unmeasured(), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 30
        while (
            not any(map(Path.is_file, place.iterdir()))
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)

    assert list(place.iterdir()) in ([], [place / "run.zip"])


@pytest.mark.slow
def test_a_large_artifact_needs_no_memory(cli: Cli, files: Files, tmp_path: Path) -> None:
    size = 256 << 20
    cli(
        "run",
        files(
            {
                "MLproject": PROJECT["MLproject"].replace(
                    "head -c 1000 /dev/zero", f"head -c {size} /dev/urandom"
                )
            }
        ),
        "-q",
    )
    file = tmp_path / "run.zip"
    here = {**unmeasured(), "RUNNER_HOME": os.environ["RUNNER_HOME"]}
    there = {**here, "RUNNER_HOME": str(tmp_path / "there")}

    for environ, words in (
        (here, ("export", "-1", str(file))),
        (there, ("import", str(file))),
        (here, ("verify", str(file))),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "runner", *words],
            env=environ,
            check=False,
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (LITTLE, LITTLE)),
        )
        assert done.returncode == 0, done.stderr
    assert file.stat().st_size > size


def test_small_data_is_packed_and_large_data_is_named(cli: Cli, files: Files, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("1\n" * 1000)
    cli("run", files(WITH_DATA), "-P", f"data={data}")

    packed = cli("export", "-1", tmp_path / "with.zip")
    named = cli("export", "-1", tmp_path / "without.zip", "--input-limit", "1KB")
    all_of_it = cli("export", "-1", tmp_path / "all.zip", "--input-limit", "1KB", "--with-inputs")

    assert (packed.code, named.code, all_of_it.code) == (0, 0, 0)
    assert "inputs/1/data.csv" in about(tmp_path / "with.zip")[0]
    assert "inputs/1/data.csv" in about(tmp_path / "all.zip")[0]
    names, missing = about(tmp_path / "without.zip")
    assert "inputs/1/data.csv" not in names
    assert missing == ["input data is not packed, only named: it has 2,000 bytes"]
    assert "warning: input data is not packed" in named.err
    with opened_bundle(tmp_path / "without.zip") as bundle:
        kept = bundle.about.inputs["data"]
        assert kept.uri == str(data)
        assert kept.digest == bundle.plan.input_digests["data"]


def test_a_directory_of_data_is_packed_and_found_again(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = files({"a/one.csv": "1\n", "two.csv": "2\n"})
    project = files(
        {
            "MLproject": "entry_points: {main: {parameters: {data: path}, command: 'cat {data}/a/one.csv {data}/two.csv'}}"
        }
    )
    cli("run", project, "-P", f"data={data}")
    cli("export", "-1", tmp_path / "run.zip")
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "there"))
    data.rename(tmp_path / "away")

    outcome = cli("run", tmp_path / "run.zip", "-q")

    assert (outcome.code, outcome.out) == (0, "1\n2\n"), outcome.err


def test_data_that_has_changed_since_is_not_packed(cli: Cli, files: Files, tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("1\n")
    cli("run", files(WITH_DATA), "-P", f"data={data}")
    data.write_text("another\n")

    outcome = cli("export", "-1", tmp_path / "run.zip")

    assert outcome.code == 0
    assert "is not what the run read" in outcome.err
    assert "inputs/1/data.csv" not in about(tmp_path / "run.zip")[0]


def test_runs_are_archived_into_a_directory(cli: Cli, files: Files, tmp_path: Path) -> None:
    project = files(PROJECT)
    cli("run", project, "--run-name", "../first run")
    cli("run", project)

    outcome = cli("archive", "-1", "-2", tmp_path / "kept")

    found = sorted((tmp_path / "kept").iterdir())
    assert outcome.out.splitlines() == [str(path) for path in (found[1], found[0])] or len(found) == 2
    assert all(path.parent == tmp_path / "kept" and path.suffix == ".zip" for path in found)
    assert [cli("verify", path).code for path in found] == [0, 0]
    assert "the run had the environment of its caller" in outcome.err


def test_several_runs_are_not_archived_into_one_file(cli: Cli, files: Files, tmp_path: Path) -> None:
    project = files(PROJECT)
    cli("run", project)
    cli("run", project)

    outcome = cli("archive", "-1", "-2", tmp_path / "kept.zip")

    assert outcome.code == 2
    assert "name a directory" in outcome.err


def test_a_bundle_says_itself_how_its_run_is_executed(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))
    cli("export", "-1", tmp_path / "run.zip")

    refused = cli("run", tmp_path / "run.zip", "--env-manager", "local")
    planned = cli("run", tmp_path / "run.zip", "--dry-run", "--json")

    assert refused.code == 2
    assert "--env-manager is not for a bundle" in refused.err
    assert json.loads(planned.out)["command"] == "head -c 1000 /dev/zero > out.bin"


def test_a_run_of_a_bundle_names_the_run_that_it_repeats(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))
    first = json.loads(cli("runs", "show", "-1", "--json").out)["run_id"]
    cli("export", "-1", tmp_path / "run.zip")

    cli("run", tmp_path / "run.zip", "--tag", "mine=1", "--experiment-name", "others")

    found = json.loads(cli("runs", "show", "-1", "--json").out)
    assert found["tags"]["runner.reruns"] == first
    assert found["tags"]["mine"] == "1"


def test_help_tells_both_ways_of_exporting_and_importing(cli: Cli) -> None:
    out, back = cli("export", "--help").out, cli("import", "--help").out

    assert "RUN FILE | mlflow TARGET" in out
    assert "FILE | mlflow SOURCE" in back
    assert "--with-wheels" in cli("export", "RUN", "--help").out


def test_data_sets_come_along(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    cli("run", files(PROJECT))
    dataset = Dataset(name="train", digest="d1", source_type="local", source="{}", schema=None, profile="{}")
    with closing(open_store(settings)) as store:
        run = store.run("-1").id
        store.log_inputs(run, datasets=[DatasetInput(dataset, {"mlflow.data.context": "train"})])
        before = store.run(run)
    cli("export", run, tmp_path / "run.zip")
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "there"))

    assert cli("import", tmp_path / "run.zip").code == 0

    with closing(open_store(Settings.from_environ(os.environ))) as store:
        assert store.run(run).datasets == before.datasets


def test_a_run_that_plain_mlflow_has_recorded_becomes_a_file(
    cli: Cli, files: Files, tmp_path: Path, settings: Settings
) -> None:
    project = files({"MLproject": "entry_points: {main: {parameters: {a: float}, command: 'echo {a}'}}"})
    tags = {
        "mlflow.project.entryPoint": "main",
        "mlflow.source.name": str(project),
        "mlflow.project.env": "local",
    }
    with closing(open_store(settings)) as store:
        run = store.create_run("0", status=RunStatus.RUNNING, started=1, params={"a": "2"}, tags=tags)
        store.update_run(run.id, status=RunStatus.FINISHED, ended=2)

    done = cli("export", run.id, tmp_path / "run.zip")

    assert done.code == 0, done.err
    assert "plan.json" in about(tmp_path / "run.zip")[0]
    assert cli("verify", tmp_path / "run.zip").code == 0
    assert cli("verify", run.id).code == 2
    assert cli("run", tmp_path / "run.zip", "-q").out == "2\n"


def test_a_bundle_is_named_as_one(cli: Cli, files: Files, tmp_path: Path) -> None:
    cli("run", files(PROJECT))

    outcome = cli("export", "-1", tmp_path / "run.crate")

    assert outcome.code == 2
    assert "name it run.crate.zip" in outcome.err


def test_settings_without_a_passphrase_show_none() -> None:
    assert "secret" not in repr(Settings.from_environ({"RUNNER_KEY_PASSPHRASE": "secret"}))
