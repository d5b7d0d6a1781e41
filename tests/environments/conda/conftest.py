"""A person without conda, whose channels are those of the tests."""

import os
from pathlib import Path

import pytest

from tests.environments.conda.bench import Bench
from tests.environments.wheels import Index, index, uv_cache
from tests.services.channel import Channel

__all__ = ["index", "uv_cache"]


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages that earlier tests have fetched."""
    return tmp_path_factory.mktemp("conda-pkgs")


@pytest.fixture
def person(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # the index first
    """The home of somebody who has no conda, nor pyenv."""
    for name in [name for name in os.environ if name.startswith(("CONDA", "MAMBA", "PYENV", "RATTLER"))]:
        monkeypatch.delenv(name)
    person = tmp_path / "person"
    person.mkdir()
    monkeypatch.setenv("HOME", str(person))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return person


@pytest.fixture
def channel(person: Path, conda_channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Channel:
    """The channels by name: conda-forge, other."""
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", conda_channel.address)
    conda_channel.asked.clear()
    return conda_channel


@pytest.fixture
def fetched(home: Path, downloads: Path) -> None:
    """The package cache is that of earlier tests: Python need not be fetched and unpacked each time."""
    (home / "cache/conda").mkdir(parents=True)
    (home / "cache/conda/pkgs").symlink_to(downloads)


@pytest.fixture
def bench(channel: Channel, tmp_path: Path) -> Bench:
    directory = tmp_path / "project"
    directory.mkdir()
    return Bench(directory)
