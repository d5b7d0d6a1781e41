import json
import os
import stat
import sys
import tarfile
import time
from pathlib import Path

import pytest

from runner.environments import Interpreter
from runner.environments.python.interpreters import find, find_interpreters, running
from runner.environments.trouble import NoInterpreter
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.settings import Settings
from tests.environments.wheels import sha256_of

MISSING = "3.97"  # a minor version that no machine has


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's version managers; system directories stay."""
    for name in ("PYENV_ROOT", "ASDF_DATA_DIR", "MISE_DATA_DIR", "RYE_HOME", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME",
                 "CONDA_PREFIX", "CONDA_EXE", "MAMBA_ROOT_PREFIX"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


def fake(path: Path, version: str) -> Path:
    """An executable which answers as an interpreter does, and counts how often it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = json.dumps([version, "cpython", str(path)])
    path.write_text(f"#!/bin/sh\necho asked >> '{path}.asked'\necho '{answer}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def sought(request: str | None) -> Interpreter:
    return find(
        request,
        settings=Settings.from_environ(os.environ),
        phase=Phase("environment"),
        asked_by="python_env.yaml",
    )


@pytest.mark.parametrize("request_", [None, "3", running().version, f">={running().version}", "!=2.7"])
def test_the_one_that_runs_us_is_taken_when_it_will_do(request_: str | None) -> None:
    assert sought(request_) == running()


def test_the_one_that_runs_us_is_no_virtual_environment() -> None:
    assert running().path.exists()
    assert not (running().path.parent.parent / "pyvenv.cfg").exists()
    assert running().version == sys.version.split()[0]


@pytest.mark.parametrize(
    ("origin", "variable", "place"),
    [
        ("pyenv", "PYENV_ROOT", "versions/3.97.4"),
        ("asdf", "ASDF_DATA_DIR", "installs/python/3.97.4"),
        ("mise", "MISE_DATA_DIR", "installs/python/3.97.4"),
        ("rye", "RYE_HOME", "py/cpython@3.97.4"),
        ("uv", "UV_PYTHON_INSTALL_DIR", "cpython-3.97.4-linux-x86_64-gnu"),
        ("conda", "CONDA_PREFIX", ""),
        ("conda", "MAMBA_ROOT_PREFIX", "envs/somebody"),
    ],
)
def test_each_version_manager_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str, variable: str, place: str
) -> None:
    path = fake(tmp_path / "manager" / place / "bin/python3", "3.97.4")
    monkeypatch.setenv(variable, str(tmp_path / "manager"))

    assert sought(MISSING) == Interpreter(path=path, version="3.97.4", origin=origin)


def test_conda_is_found_by_its_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake(tmp_path / "conda/bin/python3", "3.97.4")
    monkeypatch.setenv("CONDA_EXE", str(tmp_path / "conda/bin/conda"))

    assert sought(MISSING).path == path


def test_an_inactive_shim_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / ".pyenv/shims/python3.97"
    shim.parent.mkdir(parents=True)
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    path = fake(tmp_path / ".pyenv/versions/3.97.1/bin/python3", "3.97.1")
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")

    assert sought(MISSING).path == path


def test_a_shim_is_never_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = fake(tmp_path / "shims/python3.97", "3.97.0")
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")

    with pytest.raises(EnvironmentFailed):
        sought(MISSING)
    assert not shim.with_name("python3.97.asked").exists()


def test_path_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fake(tmp_path / "tools/python3.97", "3.97.0")
    monkeypatch.setenv("PATH", f"relative:{tmp_path}/tools:/usr/bin:/bin")

    assert sought(MISSING) == Interpreter(path=path, version="3.97.0", origin="PATH")


def test_the_highest_patch_wins_and_an_exact_one_is_exact(tmp_path: Path) -> None:
    for version in ("3.97.2", "3.97.10", "3.97.9"):
        fake(tmp_path / f".pyenv/versions/{version}/bin/python3", version)

    assert sought("3.97").version == "3.97.10"
    assert sought("3.97.9").version == "3.97.9"
    assert sought(">=3.97,<3.97.9").version == "3.97.2"


def test_a_broken_installation_is_passed_over(tmp_path: Path) -> None:
    broken = fake(tmp_path / ".pyenv/versions/3.97.9/bin/python3", "3.97.9")
    broken.write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / ".pyenv/versions/3.97.8").mkdir()
    fake(tmp_path / ".pyenv/versions/3.97.2/bin/python3", "3.97.2")

    assert sought("3.97").version == "3.97.2"


def test_an_interpreter_is_asked_once_until_it_changes(tmp_path: Path) -> None:
    path = fake(tmp_path / ".pyenv/versions/3.97.2/bin/python3", "3.97.2")
    asked = path.with_name("python3.asked")
    sought("3.97")
    sought("3.97")
    assert asked.read_text().split() == ["asked"]

    path.write_text(path.read_text().replace("3.97.2", "3.97.23"))
    assert sought("3.97").version == "3.97.23"


def test_a_memory_that_is_broken_is_forgotten(tmp_path: Path, settings: Settings) -> None:
    fake(tmp_path / ".pyenv/versions/3.97.2/bin/python3", "3.97.2")
    settings.cache.mkdir(parents=True)
    (settings.cache / "interpreters.json").write_text("[1")

    assert sought("3.97").version == "3.97.2"


def test_a_path_may_be_given(tmp_path: Path) -> None:
    path = fake(tmp_path / "my own/python", "3.97.2")

    assert sought(str(path)).version == "3.97.2"


@pytest.mark.parametrize("path", ["/nowhere/python", "/bin/true"])
def test_a_path_that_is_no_interpreter_is_refused(path: str) -> None:
    with pytest.raises(EnvironmentFailed, match=f"{path} is no Python that can be started"):
        sought(path)


def test_a_missing_one_is_said_with_what_there_is_and_the_ways_out(tmp_path: Path) -> None:
    path = fake(tmp_path / ".pyenv/versions/3.98.0/bin/python3", "3.98.0")

    with pytest.raises(EnvironmentFailed, match=r"Python 3\.97 is not on this machine") as failure:
        sought("3.97")

    assert f"3.98.0     {path} (pyenv)" in (failure.value.detail or "")
    assert "python_env.yaml asks for it" in (failure.value.detail or "")
    for way in ("uv python install 3.97", "pyenv install 3.97", "--python VERSION"):
        assert way in (failure.value.hint or "")


def test_an_ended_version_is_said_to_have_ended() -> None:
    with pytest.raises(EnvironmentFailed, match=r"Python 3\.8\.0 \(its last release was in 2024-10\) is not"):
        sought("3.8.0")


def test_a_version_that_is_too_old_for_any_tool_is_refused(tmp_path: Path) -> None:
    fake(tmp_path / ".pyenv/versions/2.7.18/bin/python3", "2.7.18")

    with pytest.raises(
        EnvironmentFailed, match=r"Python 2\.7 is too old: virtual environments need Python 3\.6"
    ):
        sought("2.7")


def test_what_is_no_version_is_refused() -> None:
    with pytest.raises(EnvironmentFailed, match="'--evil' is no Python version"):
        sought("--evil")


def test_a_download_that_cannot_be_had_fails_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    started = time.monotonic()

    with pytest.raises(NoInterpreter, match="is not on this machine") as failure:
        sought("3.12.0")

    assert time.monotonic() - started < 3
    assert "not downloaded: Connection refused" in (failure.value.detail or "")


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """uv has a Python 3.97.3 to download, from a file; its name."""
    fake(tmp_path / "python/bin/python3.97", "3.97.3")
    library = tmp_path / "python/lib/python3.97"
    library.mkdir(parents=True)
    machine = os.uname().machine
    (library / f"_sysconfigdata__linux_{machine}-linux-gnu.py").write_text(
        "# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n"
    )
    for name in ("python", "python3"):
        (tmp_path / "python/bin" / name).symlink_to("python3.97")
    with tarfile.open(tmp_path / "offered.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "python", "python")
    name = f"cpython-3.97.3-linux-{machine}-gnu"
    told = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": 97,
        "patch": 3,
        "prerelease": "",
        "url": (tmp_path / "offered.tar.gz").as_uri(),
        "sha256": sha256_of(tmp_path / "offered.tar.gz"),
        "variant": None,
        "build": "20260101",
    }
    (tmp_path / "offers.json").write_text(json.dumps({name: told}))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS_JSON_URL", str(tmp_path / "offers.json"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "installed"))
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS", raising=False)
    return name


def test_what_is_not_here_is_downloaded_once(offered: str, tmp_path: Path) -> None:
    first, second = sought("3.97"), sought("3.97")

    assert (first.version, first.origin) == ("3.97.3", "download")
    assert (second.version, second.origin) == ("3.97.3", "uv")
    assert (tmp_path / "installed" / offered).is_dir()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("UV_PYTHON_DOWNLOADS=never", "UV_PYTHON_DOWNLOADS=never forbids it"),
        ("UV_PYTHON_DOWNLOADS=manual", "UV_PYTHON_DOWNLOADS=manual forbids it"),
        ("RUNNER_OFFLINE=1", "RUNNER_OFFLINE is set"),
        ("RUNNER_UV=none", "there is no uv"),
    ],
)
def test_nothing_is_downloaded_against_the_persons_will(
    offered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, why: str
) -> None:
    monkeypatch.setenv(*said.split("="))

    with pytest.raises(NoInterpreter) as failure:
        sought("3.97")

    assert f"not downloaded: {why}" in (failure.value.detail or "")
    assert not (tmp_path / "installed" / offered).exists()


def test_what_nobody_offers_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_PYTHON_DOWNLOADS")

    with pytest.raises(NoInterpreter) as failure:
        sought("3.96")

    assert "not downloaded: uv knows no download of it" in (failure.value.detail or "")


@pytest.mark.parametrize("version", ["3.6", "3.7.9"])
def test_of_what_is_too_old_to_be_downloaded_the_hint_names_conda(version: str) -> None:
    with pytest.raises(NoInterpreter) as failure:
        sought(f"=={version}.*" if version.count(".") == 1 else version)

    assert "conda still has it, and needs none here" in (failure.value.hint or "")
    assert "conda" not in (hint_for("3.8") or "")


def hint_for(version: str) -> str | None:
    with pytest.raises(NoInterpreter) as failure:
        sought(version)
    return failure.value.hint


def test_all_that_answer_are_listed_highest_first(tmp_path: Path, settings: Settings) -> None:
    for version in ("3.97.2", "3.98.0"):
        fake(tmp_path / f".pyenv/versions/{version}/bin/python3", version)

    listed = find_interpreters(Settings.from_environ(os.environ))

    assert [item.version for item in listed[:2]] == ["3.98.0", "3.97.2"]
    assert running() in listed
