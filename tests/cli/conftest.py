"""The store that the command line uses."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store
from tests.cli.schedules import NOOP
from tests.conftest import Files


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as store:
        yield store


@pytest.fixture
def demo(files: Files) -> Path:
    return files({"MLproject": NOOP})
