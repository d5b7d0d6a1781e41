"""An engine elsewhere, through the front door."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.cli.containers import project
from tests.conftest import Cli, Files
from tests.services.docker import Daemon


@contextmanager
def elsewhere(engine: Daemon) -> Iterator[str]:
    """The engine at a TCP address, as one on another machine is."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as theirs:
                theirs.connect(engine.host.removeprefix("unix://"))
                back = threading.Thread(target=self.forward, args=(theirs, self.request), daemon=True)
                back.start()
                self.forward(self.request, theirs)
                back.join()

        def forward(self, source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(4096):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Forward) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_engine_at_a_tcp_address_runs_it_as_one_at_a_socket_does(
    cli: Cli, files: Files, engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = files(project("cat here.txt; echo oops >&2; kill -9 $$", **{"here.txt": "hello\n"}))
    with elsewhere(engine) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        outcome = cli("run", demo, "-A", "network=none")
        missing = cli("run", demo, "-A", "network=nowhere")

    assert (outcome.code, outcome.out) == (137, "hello\n")
    assert "oops" in outcome.err
    assert "network 'nowhere' cannot be used" in missing.err
    assert engine.containers() == []
