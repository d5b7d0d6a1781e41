"""The connection to a container engine, and the words for what is wrong with it."""

import json
import os
import socket
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from runner.containers import engine as engines
from runner.containers.engine import Engine, connect
from runner.containers.wire import Wire
from runner.errors import EnvironmentFailed
from tests.services.docker import Daemon

# Of what podman 4.3 answers to a ping; there is none here.
FAKE_PODMAN = {"api-version": "1.41", "libpod-api-version": "4.3.1", "server": "Libpod/4.3.1 (linux)"}


def refused(environ: dict[str, str]) -> EnvironmentFailed:
    with pytest.raises(EnvironmentFailed) as caught:
        connect(environ)
    return caught.value


def test_the_engine_is_the_one_of_docker_host(engine: Daemon) -> None:
    with connect(os.environ) as found:
        assert found.product == "docker"
        assert found.client.images.get(engine.image)


def test_the_engine_is_the_one_of_the_context(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "docker" / "contexts" / "meta" / sha256(b"mine").hexdigest()
    place.mkdir(parents=True)
    meta = {"Name": "mine", "Metadata": {}, "Endpoints": {"docker": {"Host": engine.host}}}
    (place / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "docker/config.json").write_text('{"currentContext": "mine"}')
    monkeypatch.delenv("DOCKER_HOST")

    with connect(os.environ) as found:
        assert found.client.images.get(engine.image)


def test_a_context_that_does_not_exist_is_told(tmp_path: Path) -> None:
    error = refused({"DOCKER_CONTEXT": "nowhere"})

    assert str(error) == "there is no docker context nowhere"
    assert "docker context ls" in str(error.hint)


@pytest.mark.parametrize("proxies", ['["x"]', '{"default": "x"}', "null", '{"default": {"httpProxy": ""}}'])
def test_proxies_that_are_none_are_left_out(engine: Daemon, tmp_path: Path, proxies: str) -> None:
    (tmp_path / "config.json").write_text(f'{{"proxies": {proxies}}}')

    with connect({"DOCKER_HOST": engine.host, "DOCKER_CONFIG": str(tmp_path)}) as found:
        assert found.proxies == {}


def test_podman_is_told_apart() -> None:
    found = Engine(FAKE_PODMAN, Wire("/nowhere"), sdk=lambda: None)

    assert found.product == "podman"


def test_no_socket_is_told(tmp_path: Path) -> None:
    error = refused({"DOCKER_HOST": f"unix://{tmp_path}/none"})

    assert str(error) == f"no container engine can be used (unix://{tmp_path}/none): there is no socket"
    assert "install docker or podman" in str(error.hint)


def test_a_socket_where_nobody_listens_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))

    error = refused({"DOCKER_HOST": f"unix://{tmp_path}/s"})

    assert "nobody listens there" in str(error)
    assert "systemctl start docker" in str(error.hint)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_a_socket_of_others_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as theirs:
        place = Path("/tmp") / f"runner-{os.getpid()}.sock"
        theirs.bind(str(place))
        theirs.listen()
        place.chmod(0o600)
        os.seteuid(65534)
        try:
            error = refused({"DOCKER_HOST": f"unix://{place}"})
        finally:
            os.seteuid(0)
            place.unlink()

    assert "may not be opened by you" in str(error)
    assert "group `docker`" in str(error.hint)


@pytest.mark.parametrize(
    "host", ["foo", "http://x", "unix://", "tcp://x", "tcp://h:99999", "fd://", "ftp://x"]
)
def test_what_is_no_address_of_an_engine_is_told(host: str) -> None:
    error = refused({"DOCKER_HOST": host})

    assert str(error) == f"no container engine can be used ({host}): this is no address of an engine"
    assert "unix:///PATH" in str(error.hint)


@pytest.mark.skipif(find_spec("paramiko") is not None, reason="there is paramiko")
def test_what_ssh_needs_is_told() -> None:
    error = refused({"DOCKER_HOST": "ssh://ada@127.0.0.1:1"})

    assert "docker[ssh]" in str(error.hint)


def test_an_engine_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ANSWERS", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        error = refused({"DOCKER_HOST": f"unix://{tmp_path}/s"})

    assert "it does not answer" in str(error)


def test_what_a_long_call_raises_is_raised_after_what_it_told(engine: Daemon) -> None:
    def counting() -> Iterator[int]:
        yield 1
        raise RuntimeError("over")

    with connect(os.environ) as found:
        told = found.told(counting)

        assert next(told) == 1
        with pytest.raises(RuntimeError, match="over"):
            next(told)
