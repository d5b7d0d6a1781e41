"""Fixtures for every test: a home of its own, the command line, small projects."""

import os
import signal
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.cli import main
from runner.settings import Settings

pytest_plugins = ["tests.services.fixtures"]

# A shell's background jobs and nohup begin with these ignored, and what is ignored stays so in every program that tests start.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@dataclass(frozen=True)
class Outcome:
    """What a command gave back."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]
Files = Callable[[Mapping[str, str]], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Those that take a minute each are left to the night."""
    parser.addoption("--nightly", action="store_true", help="only the tests that are marked nightly")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nightly tests, or all the others."""
    nightly = config.getoption("--nightly")
    left = [item for item in items if (item.get_closest_marker("nightly") is not None) != nightly]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A RUNNER_HOME of its own for each test, and nothing of the caller's MLflow or runner settings."""
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "RUNNER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    # of a file that is written anew within a second, with as many bytes, Python would execute what it compiled before
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def settings(home: Path) -> Settings:  # the home first
    return Settings.from_environ(os.environ)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run the command line in this process: `cli("runs", "list").out`."""

    def invoke(*arguments: str | os.PathLike[str]) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([os.fspath(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(int(exit_.value.code or 0), out, err)

    return invoke


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write a directory of files: `files({"MLproject": "..."})` gives its path. Texts are dedented."""
    count = 0

    def write(contents: Mapping[str, str]) -> Path:
        nonlocal count
        count += 1
        directory = tmp_path / f"project{count}"
        for name, content in contents.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(textwrap.dedent(content).encode())
        directory.mkdir(exist_ok=True)
        return directory

    return write
