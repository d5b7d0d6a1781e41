"""Our server and MLflow's, each a tree of processes whose memory can be told."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

BIN = Path(sys.executable).parent
PIECE = 1 << 20


@dataclass(frozen=True)
class Server:
    """`started` is seconds from its start to its first answer."""

    uri: str
    pid: int
    started: float


@contextmanager
def ours(scratch: Path, store: str) -> Iterator[Server]:
    """`runner server` over a store."""
    command = [BIN / "runner", "server", "--tracking-uri", store, "--port", "{port}"]
    with _running([str(part) for part in command], {"RUNNER_HOME": str(scratch / "home")}) as server:
        yield server


@contextmanager
def mlflow(scratch: Path, store: str, *, workers: int) -> Iterator[Server]:
    """`mlflow server` over a store, without the processes that run jobs."""
    command = [
        *(BIN / "mlflow", "server", "--backend-store-uri", store, "--workers", workers),
        *("--artifacts-destination", scratch / "artifacts", "--port", "{port}"),
    ]
    with _running([str(part) for part in command], {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}) as server:
        yield server


def memory(pid: int) -> float:
    """Proportional set size of a tree of processes, MB: pages that several share are counted once."""
    total = 0
    for process in _tree(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


@contextmanager
def _running(command: Sequence[str], variables: dict[str, str]) -> Iterator[Server]:
    port = _free_port()
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            env={**os.environ, **variables},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            _await_health(port, process, said)
            yield Server(f"http://127.0.0.1:{port}", process.pid, time.perf_counter() - start)
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all processes that it has started; they may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _await_health(port: int, process: "subprocess.Popen[bytes]", said: IO[bytes]) -> None:
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.01)
        finally:
            connection.close()
    said.seek(0)
    raise SystemExit(f"{said.read().decode(errors='replace')}the server ended with {process.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tree(pid: int) -> list[int]:
    found = [pid]
    for process in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{process}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def transferred(uri: str, method: str, path: str, size: int) -> float:
    """Seconds that a file of so many bytes took, up (PUT) or down (GET)."""
    place = urlsplit(uri)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=900)
    start = time.perf_counter()
    try:
        if method == "PUT":
            connection.request("PUT", path, _bytes(size), {"Content-Length": str(size)})
        else:
            connection.request(method, path)
        answer = connection.getresponse()
        received = 0
        while piece := answer.read(PIECE):
            received += len(piece)
        if answer.status != 200 or (method == "GET" and received != size):
            raise AssertionError(f"{method} {path}: {answer.status}, {received} bytes")
    finally:
        connection.close()
    return time.perf_counter() - start


def _bytes(size: int) -> Iterator[bytes]:
    piece = os.urandom(min(size, PIECE))
    for start in range(0, size, PIECE):
        yield piece[: size - start]
