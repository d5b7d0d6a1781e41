"""`runner run` of projects whose packages are source code: directories that are edited, and commits of repositories."""

import os
from pathlib import Path

import pytest

from tests.conftest import Cli, Files
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.sources import commit, write_package
from tests.environments.wheels import Index, dated, index, sha256_of, uv_cache

__all__ = ["channel", "dated", "downloads", "fetched", "index", "person", "uv_cache"]

SHOW = {
    "MLproject": "python_env: python_env.yaml\nentry_points: {main: {command: 'python show.py'}}",
    "python_env.yaml": "dependencies: [-r requirements.txt]",
    "show.py": "import own; print(own.version)",
}


@pytest.mark.parametrize("offline", [False, True])
def test_a_directory_that_was_edited_is_run_as_it_is_now(
    cli: Cli, files: Files, index: Index, offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if offline:
        monkeypatch.setenv("RUNNER_OFFLINE", "1")
    demo = files({**SHOW, "requirements.txt": "./own\nbeta"})
    write_package(demo / "own", "first")
    first = cli("run", demo)

    write_package(demo / "own", "second")
    second = cli("run", demo)

    assert (first.out, second.out) == ("first\n", "second\n"), first.err + second.err


@pytest.mark.parametrize("name", ["own", "my own"])
def test_a_directory_that_asks_for_more_now_gets_it(cli: Cli, files: Files, index: Index, name: str) -> None:
    show = {"show.py": "import importlib.util; print(bool(importlib.util.find_spec('beta')))"}
    demo = files({**SHOW, **show, "requirements.txt": f"./{name}"})
    write_package(demo / name, "first")
    before = cli("run", demo)

    write_package(demo / name, "first", needs=["beta"])
    after = cli("run", demo)

    assert (before.out, after.out) == ("False\n", "True\n"), before.err + after.err


@pytest.mark.parametrize("revision", ["main", "COMMIT"])
def test_a_commit_of_a_repository_is_installed_and_so_is_a_lock_of_it(
    cli: Cli, files: Files, index: Index, tmp_path: Path, revision: str
) -> None:
    repository = write_package(tmp_path / "repository", "committed")
    revision = revision.replace("COMMIT", commit(repository))
    wanted = f"own @ git+{repository.as_uri()}@{revision}\nbeta\n"
    demo = files({**SHOW, "requirements.txt": wanted})

    resolved = cli("run", demo)
    locked = cli("lock", demo)
    write_package(repository, "later")
    commit(repository)
    shipped = cli("run", "--locked", demo)

    assert (resolved.out, shipped.out) == ("committed\n", "committed\n"), resolved.err + shipped.err
    assert locked.code == 0


@pytest.mark.usefixtures("channel", "fetched")
def test_a_pip_section_may_name_a_commit_and_a_lock_of_it_is_run(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    repository = write_package(tmp_path / "repository", "committed")
    commit(repository)
    listed = f"{{pip: [alpha, 'own @ git+{repository.as_uri()}']}}"
    conda = f"channels: [conda-forge]\ndependencies: [python, clock, {listed}]"
    show = "import alpha, own; print(alpha.version, own.version)"
    demo = files(
        {
            "MLproject": SHOW["MLproject"].replace("python_env: python_env", "conda_env: conda"),
            "conda.yaml": conda,
            "show.py": show,
        }
    )
    locked = cli("lock", demo)
    write_package(repository, "later")
    commit(repository)

    outcome = cli("run", "--locked", demo)

    assert locked.code == 0, locked.err
    assert outcome.out == "1.0 committed\n", outcome.err


def test_beside_a_commit_each_file_has_to_have_its_hash(
    cli: Cli, files: Files, index: Index, tmp_path: Path
) -> None:
    repository = write_package(tmp_path / "repository", "committed")
    commit(repository)
    demo = files({**SHOW, "requirements.txt": f"own @ git+{repository.as_uri()}\nbeta==1.0\n"})
    assert cli("lock", demo).code == 0
    lock, honest = demo / "pylock.toml", sha256_of(index.path / "beta-1.0-py3-none-any.whl")
    lock.write_text(lock.read_text().replace(honest, "0" * 64))

    outcome = cli("run", demo)

    assert outcome.code == 3
    assert "Hash mismatch for `beta==1.0" in outcome.err
    assert "experimental" not in outcome.err


def test_a_repository_and_the_tools_that_build_it_come_from_the_network(
    cli: Cli, files: Files, dated: Index
) -> None:
    """What can be had from the cache is looked for there first: nothing of these can."""
    dated.add("tool")
    commit(write_package(dated.path / "repository", "fetched", tools=["tool"]))
    address = os.environ["UV_INDEX_URL"].removesuffix("/simple")
    demo = files({**SHOW, "requirements.txt": f"own @ git+{address}/repository/.git\nbeta\n"})
    assert cli("lock", demo).code == 0

    outcome = cli("run", demo)

    assert outcome.out == "fetched\n", outcome.err


def test_a_name_in_a_lock_is_no_option_of_the_installer(cli: Cli, files: Files, index: Index) -> None:
    entry = '[[packages]]\nname = "own=1\\n--config-file"\ndirectory = { path = "." }\n'
    lock = f'lock-version = "1.0"\ncreated-by = "x"\n{entry}'
    demo = files({**SHOW, "requirements.txt": "", "pylock.toml": lock})

    outcome = cli("run", demo)

    assert outcome.code == 3
    assert "pylock.toml is no lock file of version 1" in outcome.err
