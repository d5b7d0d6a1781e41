"""`--solver conda-lock`, with a stand-in for mamba: see mamba.py."""

import sys
from pathlib import Path

import pytest

from runner.environments.conda import lockfile, other_solver
from runner.errors import EnvironmentFailed
from tests.environments.conda.bench import Bench, asking
from tests.services.channel import PYTHON, Channel

STAND_IN = Path(__file__).with_name("mamba.py")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on PATH."""
    directory = tmp_path / "programs"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return directory


@pytest.fixture
def mamba(programs: Path) -> Path:
    """Notes how it is called."""
    program = programs / "mamba"
    program.write_text(f'#!/bin/sh\necho "$@" >>{programs}/calls\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def bench(bench: Bench, programs: Path) -> Bench:  # PATH last
    return bench


def test_the_solution_is_the_one_of_rattler(bench: Bench, mamba: Path, channel: Channel) -> None:
    spec = asking("polite", "clock<3", channels=(channel.url,))

    theirs = lockfile.read(bench.lock(spec, solver="conda-lock").text, name="theirs")
    ours = lockfile.read(bench.lock(spec).text, name="ours")

    assert {(package.url, package.md5, package.sha256) for package in theirs.conda} == {
        (package.url, package.md5, package.sha256) for package in ours.conda
    }
    assert theirs.python == PYTHON
    assert theirs.solver.startswith("conda-lock ")
    assert theirs.solver.endswith("with mamba")
    assert "create" in (mamba.parent / "calls").read_text()


@pytest.mark.usefixtures("mamba")
def test_what_has_no_solution_is_told_in_the_words_of_the_program(bench: Bench, channel: Channel) -> None:
    with pytest.raises(EnvironmentFailed, match="conda-lock finds no solution with mamba") as failure:
        bench.lock(asking("clock=7", channels=(channel.url,)), solver="conda-lock")

    assert "clock" in (failure.value.detail or "")


def test_nothing_is_downloaded_where_there_is_no_conda(bench: Bench) -> None:
    with pytest.raises(
        EnvironmentFailed, match="needs conda, mamba or micromamba, and none is on PATH"
    ) as failure:
        bench.lock(asking("clock"), solver="conda-lock")

    assert "leave --solver out" in (failure.value.hint or "")


@pytest.mark.usefixtures("mamba")
def test_without_the_package_it_is_told_what_to_install(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other_solver, "find_spec", lambda _: None)

    with pytest.raises(EnvironmentFailed, match="needs the package conda-lock") as failure:
        bench.lock(asking("clock"), solver="conda-lock")

    assert "runner[conda-lock]" in (failure.value.hint or "")


@pytest.mark.usefixtures("mamba")
def test_it_cannot_look_back(bench: Bench) -> None:
    with pytest.raises(EnvironmentFailed, match="conda-lock cannot solve as of a date"):
        bench.lock(asking("clock"), solver="conda-lock", as_of="2024-01-01T00:00:00Z")


def test_a_login_is_not_put_on_its_command_line(bench: Bench, mamba: Path, channel: Channel) -> None:
    private = channel.url.replace("://", "://me:secret@")

    with pytest.raises(EnvironmentFailed, match="would show the login of http://127") as failure:
        bench.lock(asking("clock", channels=(private,)), solver="conda-lock")

    assert "secret" not in str(failure.value)
    assert not (mamba.parent / "calls").exists()
