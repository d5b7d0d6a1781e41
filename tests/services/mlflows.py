"""MLflow in other versions than the one that the tests are installed with, each in an environment of its own (`venvs`)."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services.measuring import unmeasured
from tests.services.venvs import pinned_venv

CURRENT = "current"  # the one that the tests are installed with
PATIENCE = 120.0  # seconds in which a server of MLflow's has to be there


def mlflow_venv(version: str) -> Path:
    """A Python that imports that version of mlflow: "1.30", "2.22" or CURRENT. Needs a package index the first time."""
    if version == CURRENT:
        return Path(sys.executable)
    return pinned_venv(f"mlflow-{version}")


@contextmanager
def mlflow_server(version: str, directory: Path) -> Iterator[str]:
    """That version's `mlflow server` over a database and a directory of artifacts there; yields its address."""
    directory.mkdir(parents=True, exist_ok=True)
    python, port = mlflow_venv(version), _free_port()
    address = f"http://127.0.0.1:{port}"
    command = (str(python.parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port))
    stores: tuple[str, ...] = (
        "--backend-store-uri",
        f"sqlite:///{directory / 'mlflow.db'}",
        "--serve-artifacts",
    )
    stores += ("--artifacts-destination", str(directory / "artifacts"))
    environ = {
        **unmeasured(),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # nine processes that nobody needs, each of which imports mlflow
    }
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1", *stores],
            cwd=directory,
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait_for(f"{address}/health", process, directory / "log")
            yield address
        finally:
            _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"mlflow server did not start: {log.read_text()[-2000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The whole family: MLflow's server starts others, which outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
