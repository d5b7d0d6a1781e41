"""Artifacts by the real `mlflow` client, through a real server."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Outcome
from tests.server.proxy import API, Proxy, running_proxy
from tests.services.measuring import unmeasured

PRELUDE = """
    import json, os, pathlib, time
    import mlflow
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts, list_artifacts
    place = pathlib.Path("work"); place.mkdir(exist_ok=True)
    mlflow.set_experiment("clients")
"""
MORE = 200  # MB that the server's memory may grow by


def client(proxy: Proxy, directory: Path, code: str, **variables: str) -> Any:
    """What the program printed last, as JSON."""
    script = directory / "program.py"
    script.write_text(textwrap.dedent(PRELUDE) + textwrap.dedent(code))
    kept = {
        **unmeasured(),
        "MLFLOW_TRACKING_URI": proxy.uri,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, script],
        cwd=directory,
        env=kept,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr).said


def test_everything_that_a_client_logs_comes_back(tmp_path: Path) -> None:
    code = """
        import numpy, pandas
        (place / "empty").touch()
        tree = place / "tree"
        (tree / "a b" / "deep").mkdir(parents=True)
        (tree / "a b" / "ü+é.txt").write_text("ü")
        (tree / "a b" / "deep" / "x").write_text("x")
        with mlflow.start_run() as run:
            mlflow.log_artifact(place / "empty")
            mlflow.log_artifacts(tree, "tree")
            mlflow.log_text("text", "texts/a.txt")
            mlflow.log_dict({"a": [1]}, "d.json")
            mlflow.log_image(numpy.zeros((2, 2, 3), dtype=numpy.uint8), "image.png")
            mlflow.log_table({"a": [1, 2]}, "table.json")
            mlflow.log_table({"a": [3]}, "table.json")
        id = run.info.run_id
        got = pathlib.Path(download_artifacts(run_id=id))
        client = MlflowClient()
        print(json.dumps({
            "files": sorted(str(file.relative_to(got)) for file in got.rglob("*") if file.is_file()),
            "listed": [[entry.path, entry.is_dir] for entry in client.list_artifacts(id, "tree/a b")],
            "of a file": client.list_artifacts(id, "d.json"),
            "of nothing": client.list_artifacts(id, "none"),
            "text": mlflow.artifacts.load_text(run.info.artifact_uri + "/tree/a b/ü+é.txt"),
            "dict": mlflow.artifacts.load_dict(run.info.artifact_uri + "/d.json"),
            "table": mlflow.load_table("table.json", run_ids=[id])["a"].tolist(),
            "empty": (got / "empty").stat().st_size,
        }))
    """
    with running_proxy(os.environ) as proxy:
        said = client(proxy, tmp_path, code)

    assert said == {
        "files": [
            "d.json",
            "empty",
            "image.png",
            "table.json",
            "texts/a.txt",
            "tree/a b/deep/x",
            "tree/a b/ü+é.txt",
        ],
        "listed": [["tree/a b/deep", True], ["tree/a b/ü+é.txt", False]],
        "of a file": [],
        "of nothing": [],
        "text": "ü",
        "dict": {"a": [1]},
        "table": [1, 2, 3],
        "empty": 0,
    }


def test_a_file_that_is_not_there_fails_at_once(tmp_path: Path) -> None:
    code = """
        with mlflow.start_run() as run:
            pass
        began = time.monotonic()
        try:
            download_artifacts(run_id=run.info.run_id, artifact_path="none")
        except Exception as error:
            print(json.dumps([type(error).__name__, time.monotonic() - began]))
    """
    with running_proxy(os.environ) as proxy:
        kind, seconds = client(proxy, tmp_path, code, MLFLOW_HTTP_REQUEST_MAX_RETRIES="5")

    assert (kind, seconds < 5) == ("MlflowException", True)


def test_an_artifact_that_is_too_large_is_told_and_not_sent_again(tmp_path: Path) -> None:
    code = """
        (place / "big").write_bytes(bytes(50_000_000))
        with mlflow.start_run() as run:
            began = time.monotonic()
            try:
                mlflow.log_artifact(place / "big")
            except Exception as error:
                print(json.dumps([str(error), time.monotonic() - began]))
    """
    with running_proxy({**os.environ, "RUNNER_LARGEST_ARTIFACT": "1000000"}) as proxy:
        said, seconds = client(proxy, tmp_path, code, MLFLOW_HTTP_REQUEST_MAX_RETRIES="5")

    assert "larger than 1000000 bytes" in said
    assert seconds < 10


def test_parts_of_an_upload_are_declined_so_that_the_client_sends_it_whole(tmp_path: Path) -> None:
    code = """
        (place / "big").write_bytes(bytes(range(256)) * 40_000)
        with mlflow.start_run() as run:
            mlflow.log_artifact(str(place / "big"))
        got = pathlib.Path(download_artifacts(run_id=run.info.run_id, artifact_path="big"))
        print(json.dumps([got.read_bytes() == (place / "big").read_bytes()]))
    """
    small = {
        "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
        "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": "6000000",
        "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": "5242880",
    }
    with running_proxy(os.environ) as proxy:
        assert client(proxy, tmp_path, code, **small) == [True]


def test_a_model_is_logged_loaded_and_registered_through_the_server(tmp_path: Path) -> None:
    code = """
        class Doubling(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input: list[int]) -> list[int]:
                return [2 * number for number in model_input]

        with mlflow.start_run() as run:
            made = mlflow.pyfunc.log_model(
                name="m", python_model=Doubling(), pip_requirements=[], registered_model_name="doubling"
            )
        uris = [f"models:/{made.model_id}", f"runs:/{run.info.run_id}/m", "models:/doubling/1"]
        predicted = [mlflow.pyfunc.load_model(uri).predict([1, 2]) for uri in uris]
        print(json.dumps({"id": made.model_id, "predicted": predicted}))
    """
    with running_proxy(os.environ) as proxy:
        said = client(proxy, tmp_path, code)
        of_model = f"logged-models/{said['id']}/artifacts"
        listed = proxy.send("GET", f"{API}{of_model}/directories").json["files"]
        by_model = proxy.send("GET", f"/ajax-api/2.0/mlflow/{of_model}/files?artifact_file_path=MLmodel")
        by_version = proxy.send("GET", "/model-versions/get-artifact?name=doubling&version=1&path=MLmodel")
        missing = proxy.send("GET", "/model-versions/get-artifact?name=doubling&version=2&path=MLmodel")

    assert said["predicted"] == [[2, 4]] * 3
    assert "MLmodel" in [entry["path"] for entry in listed]
    assert b"python_function" in by_model.body
    assert by_version.body == by_model.body
    assert missing.status == 404


@pytest.mark.slow
def test_a_large_file_goes_through_with_little_memory(tmp_path: Path) -> None:
    code = """
        import filecmp
        with (place / "big").open("wb") as file:
            for _ in range(500):
                file.write(os.urandom(1_000_000))
        with mlflow.start_run() as run:
            mlflow.log_artifact(str(place / "big"))
        got = download_artifacts(run_id=run.info.run_id, artifact_path="big", dst_path="back")
        print(json.dumps([filecmp.cmp(got, place / "big", shallow=False)]))
    """
    with running_proxy(os.environ) as proxy:
        before = most_memory(proxy.pid)
        said = client(proxy, tmp_path, code)
        grown = most_memory(proxy.pid) - before

    assert said == [True]
    assert grown < MORE


def most_memory(pid: int) -> float:
    """MB of the process when it had the most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.slow
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_thousands_of_small_files_go_through(tmp_path: Path, count: int) -> None:
    code = f"""
        small = place / "small"
        small.mkdir()
        for number in range({count}):
            (small / str(number)).write_text(str(number))
        with mlflow.start_run() as run:
            mlflow.log_artifacts(small, "small")
        got = pathlib.Path(download_artifacts(run_id=run.info.run_id, artifact_path="small", dst_path="back"))
        print(json.dumps([sum(file.read_text() == file.name for file in got.iterdir())]))
    """
    with running_proxy(unmeasured()) as proxy:
        assert client(proxy, tmp_path, code) == [count]
