"""A container of an engine that does not answer any more."""

from types import SimpleNamespace
from typing import Any

import pytest
from requests.exceptions import ConnectionError as Unreached

from runner.containers.engine import engine as engine_of
from runner.containers.running import Container
from runner.errors import EnvironmentFailed


def test_an_engine_that_ends_before_it_tells_of_a_file_is_told() -> None:
    def head(*_: Any, **__: Any) -> Any:
        raise Unreached("Connection aborted")

    api = SimpleNamespace(base_url="http+docker://localhost", api_version="1.41", timeout=None, head=head)
    container = Container(engine_of(SimpleNamespace(api=api), {}), "an id")

    with pytest.raises(EnvironmentFailed, match="the container cannot be looked into"):
        container.has("/bin/sh")
