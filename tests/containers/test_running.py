"""A container of an engine that does not answer any more."""

import socket
import threading
from pathlib import Path

import pytest

from runner.containers.engine import Engine
from runner.containers.running import Container
from runner.containers.wire import Wire
from runner.errors import EnvironmentFailed


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"220 mail.example\r\n"])
def test_an_engine_that_ends_before_it_tells_of_a_file_is_told(tmp_path: Path, said: bytes) -> None:
    def end() -> None:
        connection, _ = ending.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(said)

    with socket.socket(socket.AF_UNIX) as ending:
        ending.bind(str(tmp_path / "s"))
        ending.listen()
        threading.Thread(target=end, daemon=True).start()
        container = Container(Engine({}, Wire(str(tmp_path / "s")), sdk=lambda: None), "an id")

        with pytest.raises(EnvironmentFailed, match="the container cannot be looked into"):
            container.has("/bin/sh")


def test_an_engine_that_has_ended_is_told_with_where_to_look(tmp_path: Path) -> None:
    container = Container(Engine({}, Wire(str(tmp_path / "none")), sdk=lambda: None), "an id")

    with pytest.raises(EnvironmentFailed, match="cannot be started") as told:
        container.start()

    assert "journalctl" in str(told.value.hint)
