"""The store that the command line uses."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from runner.settings import Settings
from runner.tracking import Store, open_store


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with closing(open_store(settings)) as store:
        yield store
