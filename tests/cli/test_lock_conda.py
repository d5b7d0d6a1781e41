"""`runner lock` of projects with conda environments."""

from pathlib import Path

import pytest
import yaml

from runner.environments.conda import lockfile
from runner.project.conda_locks import platform
from tests.conftest import Cli, Files
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.wheels import Index, index, uv_cache
from tests.services.channel import PYTHON, Channel

__all__ = ["channel", "downloads", "fetched", "index", "person", "uv_cache"]

pytestmark = [
    pytest.mark.usefixtures("fetched", "channel"),
    pytest.mark.skipif(platform() != "linux-64", reason="the tests' channel is for linux-64"),
]

CLOCK = "channels: [conda-forge]\ndependencies: [clock<3, tuned]\n"
RUN = "entry_points: {main: {command: 'python -c \"import clock; print(clock.version)\"'}}\n"


def test_the_lock_is_written_beside_the_conda_file_and_used(cli: Cli, files: Files, channel: Channel) -> None:
    directory = files({"MLproject": f"conda_env: env/dev.yaml\n{RUN}", "env/dev.yaml": CLOCK})

    outcome = cli("lock", directory)

    assert outcome.out == f"conda-lock.yml: 3 packages for Python {PYTHON}\n"
    lock = lockfile.read((directory / "env/conda-lock.yml").read_text(), name="it")
    assert (lock.platforms, lock.sources, lock.made_here) == (("linux-64",), ("dev.yaml",), True)
    assert lock.solver.startswith("rattler ")
    channel.asked.clear()
    assert cli("run", directory).code == 0
    assert not [path for path in channel.asked if "repodata" in path]
    assert cli("lock", "--check", directory).out == "conda-lock.yml is up to date\n"


def test_a_lock_is_out_of_date_when_the_conda_file_changes(cli: Cli, files: Files) -> None:
    directory = files({"MLproject": f"conda_env: conda.yaml\n{RUN}", "conda.yaml": CLOCK})
    cli("lock", directory)
    (directory / "conda.yaml").write_text(CLOCK.replace("clock<3", "clock<2"))

    for command in (("lock", "--check"), ("run",)):
        outcome = cli(*command, directory)
        assert outcome.code == 3
        assert "conda-lock.yml is out of date: conda.yaml has changed since it was made" in outcome.err
        assert "runner lock" in outcome.err

    assert cli("lock", directory).code == 0
    assert cli("lock", "--check", directory).code == 0


def test_checking_fails_without_a_lock_and_for_another_tools(cli: Cli, files: Files) -> None:
    directory = files({"conda.yaml": CLOCK})
    assert "conda-lock.yml cannot be read" in cli("lock", "--check", directory).err

    cli("lock", directory)
    lock = directory / "conda-lock.yml"
    lock.write_text(lock.read_text().replace("created_by: runner", "created_by: somebody"))

    assert "was not made by `runner lock`" in cli("lock", "--check", directory).err


def test_a_lock_can_be_for_several_platforms(cli: Cli, files: Files) -> None:
    directory = files({"conda.yaml": "channels: [conda-forge]\ndependencies: [tuned]\n"})

    outcome = cli("lock", "--platform", "osx-arm64", "--platform", "linux-aarch64", directory)

    assert outcome.out == "conda-lock.yml: 1 package for this machine, and for osx-arm64, linux-aarch64\n"
    lock = lockfile.read((directory / "conda-lock.yml").read_text(), name="it")
    assert lock.platforms == ("linux-64", "linux-aarch64", "osx-arm64")
    assert len(lock.conda) == 3
    assert cli("lock", "--check", "--platform", "osx-arm64", directory).code == 0
    missing = cli("lock", "--check", "--platform", "win-64", directory)
    assert missing.code == 3
    assert "not for win-64" in missing.err


def test_a_platform_without_the_package_is_told(cli: Cli, files: Files) -> None:
    directory = files({"conda.yaml": CLOCK})

    outcome = cli("lock", "--platform", "osx-arm64", directory)

    assert outcome.code == 3
    assert "the conda packages cannot be had together" in outcome.err
    assert not (directory / "conda-lock.yml").exists()


def test_the_pip_list_is_locked_for_this_platform_only(cli: Cli, files: Files, index: Index) -> None:
    directory = files(
        {
            "MLproject": f"conda_env: conda.yaml\n{RUN.replace('clock', 'beta')}",
            "conda.yaml": "channels: [conda-forge]\ndependencies: [tuned, python, {pip: [beta]}]\n",
        }
    )

    written = cli("lock", directory)

    assert written.code == 0
    entries = yaml.safe_load((directory / "conda-lock.yml").read_text())["package"]
    assert [entry["name"] for entry in entries if entry["manager"] == "pip"] == ["beta"]
    index.add("beta", "3.0")
    assert cli("run", directory).out == "2.0\n"
    refused = cli("lock", "--platform", "osx-arm64", directory)
    assert refused.code == 3
    assert "can be locked for linux-64 only, not for osx-arm64" in refused.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"requirements.txt": "beta\n"}, "--platform is for conda environments"),
        ({"MLproject": "docker_env: {image: a}\n"}, "the project runs in a container"),
    ],
)
def test_other_environments_have_no_platforms(
    cli: Cli, files: Files, content: dict[str, str], said: str
) -> None:
    assert said in cli("lock", "--platform", "osx-64", files(content)).err


def test_a_file_that_needs_no_conda_is_locked_for_python_unless_conda_is_wanted(
    cli: Cli, files: Files, index: Index
) -> None:
    directory = files({"conda.yaml": f"channels: [conda-forge]\ndependencies: [python={PYTHON}]\n{''}"})

    assert cli("lock", "--output", directory / "conda-lock.yml", directory).code == 0

    assert lockfile.read((directory / "conda-lock.yml").read_text(), name="it").python == PYTHON
    assert cli("lock", "--check", directory).out == "conda-lock.yml is up to date\n"


def test_a_list_of_another_tool_becomes_a_lock_of_ours(cli: Cli, files: Files, channel: Channel) -> None:
    directory = files({"conda.yaml": CLOCK})
    cli("lock", directory)
    ours = directory / "conda-lock.yml"
    packages = lockfile.read(ours.read_text(), name="it").conda
    lines = [f"{package.url}#{package.md5}" for package in packages]
    ours.unlink()
    (directory / "conda-linux-64.lock").write_text("\n".join(["@EXPLICIT", *lines]))
    channel.asked.clear()

    assert cli("lock", directory).code == 0

    assert {package.url for package in lockfile.read(ours.read_text(), name="it").conda} == {
        package.url for package in packages
    }
    assert channel.asked == []
    assert cli("lock", "--check", directory).code == 0


def test_an_explicit_list_is_run_as_it_is(cli: Cli, files: Files) -> None:
    directory = files({"MLproject": f"conda_env: conda.yaml\n{RUN}", "conda.yaml": CLOCK})
    cli("lock", "--output", directory / "other.yml", directory)
    packages = lockfile.read((directory / "other.yml").read_text(), name="it").conda
    lines = [f"{package.url}#{package.md5}" for package in packages]
    (directory / "conda-linux-64.lock").write_text("\n".join(["@EXPLICIT", *lines]))

    ran = cli("run", directory)

    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[0] == "2.0"


def test_no_login_of_a_channel_gets_into_the_lock(cli: Cli, files: Files, channel: Channel) -> None:
    private = channel.url.replace("://", "://me:hidden@")
    directory = files({"conda.yaml": f"channels: ['{private}']\ndependencies: [tuned]\n"})

    assert cli("lock", directory).code == 0

    text = (directory / "conda-lock.yml").read_text()
    assert channel.url in text
    assert "hidden" not in text


def test_a_lock_as_of_a_day_says_so(cli: Cli, files: Files) -> None:
    directory = files({"conda.yaml": "channels: [conda-forge]\ndependencies: [clock]\n"})

    outcome = cli("lock", "--as-of", "2016-01-01", directory)

    text = (directory / "conda-lock.yml").read_text()
    assert "as of 2016-01-0" in outcome.out
    assert "clock-1.0" in text
    assert "as_of: '2016-01-0" in text


def test_paths_of_the_pip_section_count_from_the_lock(cli: Cli, files: Files, index: Index) -> None:
    directory = files(
        {
            "MLproject": "conda_env: env/conda.yaml\n",
            "env/conda.yaml": "channels: [conda-forge]\ndependencies: [tuned, python, {pip: [./beta-1.0-py3-none-any.whl]}]\n",
        }
    )
    wheel = index.path / "beta-1.0-py3-none-any.whl"
    Path(directory / "env" / wheel.name).write_bytes(wheel.read_bytes())

    assert cli("lock", directory).code == 0

    assert "url: ./beta-1.0-py3-none-any.whl" in (directory / "env/conda-lock.yml").read_text()
