import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runner.environments.python.interpreters import running
from runner.errors import EnvironmentFailed
from runner.launch import asof
from runner.project import load
from tests.cli.test_run_locks import git
from tests.conftest import Cli
from tests.environments.wheels import Index, Workshop, dated, index, uv_cache

__all__ = ["dated", "index", "uv_cache"]

Files = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def directory(files: Files, index: Index) -> Path:  # the index first
    return files({"python_env.yaml": "dependencies: [alpha, -r more.txt]\n", "more.txt": "beta<2\n"})


def test_the_lock_is_written_beside_the_project(cli: Cli, directory: Path) -> None:
    outcome = cli("lock", directory)

    text = (directory / "pylock.toml").read_text()
    assert outcome.code == 0
    assert outcome.out == f"pylock.toml: 2 packages for Python {running().version}\n"
    assert text.startswith(f"# Locked by runner for Python {running().version} from requirements sha256:")
    assert text.count("[[packages]]") == 2
    assert stat.S_IMODE((directory / "pylock.toml").stat().st_mode) == 0o644


def test_a_lock_beside_the_project_is_used_from_then_on(cli: Cli, directory: Path, index: Index) -> None:
    cli("lock", directory)
    index.add("alpha", "2.0")

    lock = Workshop(directory).resolve(spec=load(directory).environment)

    assert lock.origin == "pylock.toml"
    assert 'version = "2.0"' not in lock.text
    assert cli("lock", "--check", directory).out == "pylock.toml is up to date\n"


def test_a_lock_that_is_out_of_date_is_not_used(cli: Cli, directory: Path) -> None:
    cli("lock", directory)
    (directory / "more.txt").write_text("beta\n")

    with pytest.raises(EnvironmentFailed, match="is out of date") as failure:
        Workshop(directory).resolve(spec=load(directory).environment)

    assert "runner lock" in (failure.value.hint or "")


def test_checking_fails_without_a_lock(cli: Cli, directory: Path) -> None:
    outcome = cli("lock", "--check", directory)

    assert outcome.code == 3
    assert "pylock.toml cannot be read" in outcome.err
    assert not (directory / "pylock.toml").exists()


def test_checking_fails_when_the_requirements_have_changed(cli: Cli, directory: Path) -> None:
    cli("lock", directory)
    (directory / "more.txt").write_text("beta\n")

    outcome = cli("lock", "--check", directory)

    assert outcome.code == 3
    assert "pylock.toml is out of date" in outcome.err
    assert cli("lock", directory).code == 0
    assert cli("lock", "--check", directory).code == 0


def test_checking_cannot_tell_of_another_tools_lock(cli: Cli, directory: Path) -> None:
    (directory / "pylock.toml").write_text('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n')

    outcome = cli("lock", "--check", directory)

    assert outcome.code == 3
    assert "was not made by `runner lock`" in outcome.err


def test_upgrading_takes_newer_versions(cli: Cli, directory: Path, index: Index) -> None:
    cli("lock", directory)
    index.add("alpha", "2.0")
    cli("lock", directory)
    assert 'version = "2.0"' not in (directory / "pylock.toml").read_text()

    cli("lock", "--upgrade", directory)

    assert 'version = "2.0"' in (directory / "pylock.toml").read_text()


def test_another_file_may_be_written(cli: Cli, directory: Path, tmp_path: Path) -> None:
    outcome = cli("lock", directory, "--output", tmp_path / "pylock.other.toml")

    assert outcome.code == 0
    assert (tmp_path / "pylock.other.toml").exists()
    assert not (directory / "pylock.toml").exists()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("-", "not written to standard output"),
        ("pipe", "is no regular file"),
        (".", "is no regular file"),
        ("missing/pylock.toml", "missing is no directory"),
    ],
)
def test_what_is_no_file_is_not_replaced(
    cli: Cli, directory: Path, monkeypatch: pytest.MonkeyPatch, output: str, message: str
) -> None:
    monkeypatch.chdir(directory)
    os.mkfifo("pipe")
    before = sorted(directory.iterdir())

    for options in ((), ("--check",)):
        outcome = cli("lock", "--output", output, *options)

        assert outcome.code == 2
        assert message in outcome.err
    assert sorted(directory.iterdir()) == before
    assert Path("pipe").is_fifo()


def test_where_nothing_can_be_written_the_file_is_named(cli: Cli, directory: Path) -> None:
    outcome = cli("lock", directory, "--output", directory / f"{'x' * 250}.toml")

    assert outcome.code == 3
    assert ".toml cannot be written: File name too long" in outcome.err
    assert "--output" in outcome.err


def test_the_result_can_be_had_as_json(cli: Cli, directory: Path) -> None:
    locked = json.loads(cli("lock", directory, "--json").out)
    checked = json.loads(cli("lock", directory, "--check", "--json").out)

    file = str(directory / "pylock.toml")
    assert checked == {"file": file, "up_to_date": True}
    assert locked["digest"].startswith("sha256:")
    assert (locked["file"], locked["kind"], locked["packages"]) == (file, "pylock", 2)
    assert (locked["python"], locked["pinned"], locked["platforms"]) == (running().version, True, [])


def test_a_directory_on_this_machine_is_warned_of(
    cli: Cli, files: Files, index: Index, tmp_path: Path
) -> None:
    project = files(
        {
            "requirements.txt": "./pack\n",
            "pack/pyproject.toml": '[project]\nname = "pack"\nversion = "1"\n',
        }
    )

    outcome = cli("lock", project, "--output", tmp_path / "pylock.toml")

    assert outcome.code == 0
    assert "not everything is pinned" in outcome.err
    assert f'path = "{project}/pack"' in (tmp_path / "pylock.toml").read_text()


def test_a_conflict_writes_nothing(cli: Cli, files: Files, index: Index) -> None:
    project = files({"requirements.txt": "gamma\nbeta==2.0\n"})

    outcome = cli("lock", project)

    assert outcome.code == 3
    assert "the requirements cannot be resolved" in outcome.err
    assert "gamma" in outcome.err
    assert list(project.iterdir()) == [project / "requirements.txt"]


def test_hashed_requirements_are_a_lock_already(cli: Cli, files: Files, index: Index) -> None:
    project = files({"requirements.txt": "beta==1.0 --hash=sha256:00\n"})

    outcome = cli("lock", project)

    assert outcome.code == 3
    assert "requirements.txt is a lock already" in outcome.err


@pytest.mark.parametrize(
    "contents", [{"train.py": ""}, {"pylock.toml": 'lock-version = "1.0"\npackages = []\n'}]
)
def test_where_nothing_is_declared_there_is_nothing_to_lock(
    cli: Cli, files: Files, contents: Mapping[str, str]
) -> None:
    outcome = cli("lock", files(contents))

    assert outcome.code == 2
    assert "nothing to lock" in outcome.err


def test_an_environment_without_packages_has_an_empty_lock(cli: Cli, files: Files, index: Index) -> None:
    project = files({"python_env.yaml": "dependencies: []\n"})

    assert cli("lock", project).out.startswith("pylock.toml: 0 packages")
    assert cli("lock", "--check", project).code == 0


class TestAsOf:
    def test_the_lock_says_as_of_when_it_is(self, cli: Cli, directory: Path, dated: Index) -> None:
        dated.publish("beta", "1.5", "2021-01-01")

        outcome = cli("lock", directory, "--as-of", "2020-12-31")

        text = (directory / "pylock.toml").read_text()
        assert outcome.out.endswith(", as of 2020-12-31T23:59:59Z\n"), outcome.err
        assert text.splitlines()[0].startswith("# Locked by runner ")
        assert text.splitlines()[1].startswith("# As of 2020-12-31T23:59:59Z: ")
        assert 'version = "1.5"' not in text
        assert cli("lock", "--check", directory).code == 0

    @pytest.mark.usefixtures("dated")
    def test_who_runs_with_it_is_told(self, cli: Cli, directory: Path) -> None:
        (directory / "MLproject").write_text("entry_points: {main: {command: 'true'}}")
        cli("lock", directory, "--as-of", "2020-12-31")

        outcome = cli("run", directory, "--dry-run", "--locked")

        assert outcome.code == 0, outcome.err
        assert "note: time-travelled: nothing that was published after 2020-12-31T23:59:59Z" in outcome.err
        assert "2020-12-31T23:59:59Z" in outcome.out

    def test_it_may_be_the_date_of_the_newest_commit(self, cli: Cli, directory: Path, dated: Index) -> None:
        dated.publish("beta", "1.5", "2021-01-01")
        git(directory, "init", "-q")
        git(directory, "add", ".")
        git(directory, "commit", "-qm", "old", day="2020-06-30")

        outcome = cli("lock", directory, "--as-of", "commit")

        assert outcome.out.endswith(", as of 2020-06-30T10:00:00Z\n"), outcome.err

    @pytest.mark.parametrize(
        ("moment", "said"),
        [
            ("commit", "is not in Git"),
            ("2999-01-01", "lies ahead"),
            ("now", "is no date"),
            ("0001-01-01T00:00+23:59", "is no date"),  # in UTC that is before the first year
        ],
    )
    def test_what_is_no_moment_writes_nothing(
        self, cli: Cli, directory: Path, moment: str, said: str
    ) -> None:
        outcome = cli("lock", directory, "--as-of", moment)

        assert outcome.code == 2
        assert said in outcome.err
        assert not (directory / "pylock.toml").exists()

    def test_an_early_year_has_four_digits(self) -> None:
        assert asof.moment("0999-01-01") == "0999-01-01T23:59:59Z"

    def test_a_uv_lock_contradicts_it(self, cli: Cli, files: Files) -> None:
        project = files({"uv.lock": "version = 1\n", "pyproject.toml": "[project]\nname = 'demo'\n"})

        outcome = cli("lock", project, "--as-of", "2020-12-31")

        assert outcome.code == 3
        assert "the project ships uv.lock, which says each version" in outcome.err


def test_a_project_in_a_container_has_its_lock_elsewhere(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "docker_env: {image: 'a:1'}\nentry_points: {main: {command: x}}\n"})

    outcome = cli("lock", demo)

    assert outcome.code == 2
    assert "image-lock.json" in outcome.err
    assert "env-manager" not in outcome.err
