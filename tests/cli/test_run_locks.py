"""Locks of runs, through the front door: insisted on, made anew, as of a day, or only observed."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runner.files import sha256
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.environments.wheels import Index, dated, index, sha256_of, uv_cache

__all__ = ["dated", "index", "uv_cache"]

each = pytest.mark.parametrize

SHOW = "entry_points: {main: {command: 'python show.py'}}"
IMPORTS_BETA = "import beta; print(beta.version)"


def git(directory: Path, *arguments: str, day: str = "2021-06-30") -> None:
    moment = f"{day}T12:00:00+02:00"
    environ = {**os.environ, "GIT_COMMITTER_DATE": moment, "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z"}
    name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *name, *arguments], cwd=directory, check=True, env=environ, capture_output=True)


@pytest.fixture
def beta(files: Files, index: Index) -> Path:  # the index first
    """A project that wants any beta, and shows which one it got."""
    return files(
        {
            "MLproject": f"python_env: python_env.yaml\n{SHOW}",
            "python_env.yaml": "dependencies: [beta]",
            "show.py": IMPORTS_BETA,
        }
    )


@pytest.fixture
def committed(beta: Path) -> Path:
    """The same as a repository, whose commit is of 2021-06-30."""
    git(beta, "init", "-q", "-b", "main")
    git(beta, "add", ".")
    git(beta, "commit", "-qm", "old")
    return beta


class TestLocked:
    def test_without_a_lock_the_run_fails_and_says_how_to_make_one(self, cli: Cli, beta: Path) -> None:
        cli("run", beta)  # what is resolved now is in the cache, and does not count

        outcome = cli("run", beta, "--locked")

        assert outcome.code == 3
        assert "the project ships no lock, and --locked resolves none" in outcome.err
        assert "`runner lock`" in outcome.err
        assert shown(cli)["status"] == "FAILED"

    def test_the_lock_that_runner_made_is_enough(self, cli: Cli, beta: Path, index: Index) -> None:
        cli("lock", beta)
        index.add("beta", "3.0")

        assert cli("run", beta, "--locked").out == "2.0\n"

    def test_a_lock_that_is_out_of_date_is_none(self, cli: Cli, beta: Path) -> None:
        cli("lock", beta)
        (beta / "python_env.yaml").write_text("dependencies: [beta, alpha]")

        outcome = cli("run", beta, "--locked")

        assert outcome.code == 3
        assert "pylock.toml is out of date" in outcome.err

    def test_requirements_with_hashes_are_a_lock(self, cli: Cli, files: Files, index: Index) -> None:
        digest = sha256_of(index.path / "beta-1.0-py3-none-any.whl")
        demo = files(
            {
                "MLproject": SHOW,
                "requirements.txt": f"beta==1.0 --hash=sha256:{digest}\n",
                "show.py": IMPORTS_BETA,
            }
        )

        assert cli("run", demo, "--locked").out == "1.0\n"

    def test_no_packages_need_no_lock(self, cli: Cli, files: Files) -> None:
        demo = files({"MLproject": SHOW, "python_env.yaml": "dependencies: []", "show.py": "print('ran')"})

        assert cli("run", demo, "--locked").out == "ran\n"

    @each("other", [("--relock",), ("--as-of", "2021-01-01")])
    def test_it_contradicts_what_resolves(self, cli: Cli, beta: Path, other: tuple[str, ...]) -> None:
        outcome = cli("run", beta, "--locked", *other)

        assert outcome.code == 2
        assert f"--locked resolves nothing: {other[0]} contradicts it" in outcome.err


class TestRelock:
    def test_it_takes_the_newest_whatever_was_resolved_before(
        self, cli: Cli, beta: Path, index: Index
    ) -> None:
        cli("run", beta)
        index.add("beta", "3.0")
        assert cli("run", beta).out == "2.0\n"

        assert cli("run", beta, "--relock").out == "3.0\n"

    def test_a_lock_that_the_project_ships_is_neither_used_nor_changed(
        self, cli: Cli, beta: Path, index: Index
    ) -> None:
        cli("lock", beta)
        shipped = (beta / "pylock.toml").read_text()
        index.add("beta", "3.0")

        assert cli("run", beta, "--relock").out == "3.0\n"
        assert (beta / "pylock.toml").read_text() == shipped
        assert 'version = "3.0"' in artifact(shown(cli), "runner/pylock.toml").read_text()

    @each(
        ("contents", "said"),
        [
            (
                {"pylock.toml": 'lock-version = "1.0"\npackages = []\n'},
                "pylock.toml is all that the project says",
            ),
            ({"requirements.txt": "beta==1.0 --hash=sha256:00\n"}, "requirements.txt is a lock itself"),
        ],
    )
    def test_where_there_are_no_requirements_there_is_nothing_to_resolve(
        self, cli: Cli, files: Files, contents: Mapping[str, str], said: str
    ) -> None:
        outcome = cli("run", files({"MLproject": SHOW, **contents}), "--relock")

        assert outcome.code == 3
        assert said in outcome.err


@pytest.mark.usefixtures("dated")
class TestAsOf:
    def test_what_was_published_later_does_not_exist(self, cli: Cli, beta: Path) -> None:
        then = cli("run", beta, "--as-of", "2021-12-31")
        run: dict[str, Any] = shown(cli)
        now = cli("run", beta)

        assert (then.out, now.out) == ("1.0\n", "2.0\n"), then.err
        moment = "2021-12-31T23:59:59Z"
        assert f"note: time-travelled: nothing that was published after {moment}" in then.err
        assert "time-travelled" not in now.err
        assert run["tags"]["runner.as_of"] == moment
        plan = json.loads(artifact(run, "runner/plan.json").read_text())
        assert plan["environment"]["lock"]["as_of"] == moment
        assert artifact(run, "runner/pylock.toml").read_text().startswith(f"# As of {moment}: ")
        assert f"runner.as_of = {moment}" in cli("runs", "show", run["run_id"]).out

    @each(
        ("written", "version"),
        [
            ("2022-01-01", "2.0"),  # to its end
            ("2022-01-01T11:59", "1.0"),
            ("2022-01-01T12:01", "2.0"),
            ("2022-01-01 12:30:00+01:00", "1.0"),
            ("2022-01-01t12:30:00.5z", "2.0"),
        ],
    )
    def test_a_moment_is_in_utc_unless_it_says_otherwise(
        self, cli: Cli, beta: Path, written: str, version: str
    ) -> None:
        plan = json.loads(cli("run", beta, "--dry-run", "--json", "--as-of", written).out)

        assert plan["environment"]["lock"]["as_of"].startswith("2022-01-01T")
        assert cli("run", beta, "--as-of", written).out == f"{version}\n"

    def test_today_is_what_has_passed_of_it(self, cli: Cli, beta: Path) -> None:
        today = subprocess.run(["date", "-u", "+%F"], check=True, capture_output=True, text=True).stdout

        assert cli("run", beta, "--as-of", today).out == "2.0\n"

    @each(
        ("written", "said"),
        [
            ("yesterday", "'yesterday' is no date"),
            ("2024-02-30", "'2024-02-30' is no date"),
            ("20240301", "'20240301' is no date"),
            ("2024-03-01T25:00", "is no date"),
            ("", "'' is no date"),
            ("2999-01-01", "--as-of 2999-01-01 lies ahead"),
        ],
    )
    def test_what_is_no_moment_that_has_passed_is_refused(
        self, cli: Cli, beta: Path, written: str, said: str
    ) -> None:
        outcome = cli("run", beta, "--as-of", written)

        assert outcome.code == 2
        assert said in outcome.err
        assert outcome.err.count("hint: ") == 1

    def test_a_working_copy_is_run_as_of_its_commit(self, cli: Cli, committed: Path) -> None:
        outcome = cli("run", committed, "--as-of", "commit")

        assert outcome.out == "1.0\n", outcome.err
        run: dict[str, Any] = shown(cli)
        assert run["tags"]["runner.as_of"] == "2021-06-30T10:00:00Z"

    def test_a_repository_is_run_as_of_the_commit_that_was_asked_for(self, cli: Cli, committed: Path) -> None:
        git(committed, "tag", "old")
        git(committed, "commit", "-q", "--allow-empty", "-m", "new", day="2023-01-01")
        url = committed.as_uri()

        assert cli("run", url, "-v", "old", "--as-of", "commit").out == "1.0\n"
        assert cli("run", url, "--as-of", "commit").out == "2.0\n"

    def test_a_commit_of_tomorrow_is_refused(self, cli: Cli, committed: Path) -> None:
        git(committed, "commit", "-q", "--allow-empty", "-m", "clock", day="2037-01-01")

        outcome = cli("run", committed, "--as-of", "commit")

        assert outcome.code == 2
        assert "the date of commit " in outcome.err
        assert "lies ahead" in outcome.err

    def test_outside_git_there_is_no_commit(self, cli: Cli, beta: Path) -> None:
        outcome = cli("run", beta, "--as-of", "commit")

        assert outcome.code == 2
        assert "is not in Git, so there is no commit" in outcome.err

    def test_a_lock_that_the_project_ships_contradicts_it(self, cli: Cli, beta: Path) -> None:
        cli("lock", beta)

        contradiction = cli("run", beta, "--as-of", "2021-12-31")

        assert contradiction.code == 3
        assert "the project ships pylock.toml, which says each version" in contradiction.err
        assert cli("run", beta, "--as-of", "2021-12-31", "--relock").out == "1.0\n"

    def test_a_time_at_which_there_was_nothing_is_said(self, cli: Cli, beta: Path) -> None:
        outcome = cli("run", beta, "--as-of", "2019-01-01")

        assert outcome.code == 3
        assert "hint: at that time there was no version that fits" in outcome.err

    def test_an_index_without_times_will_not_do(
        self, cli: Cli, beta: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_INDEX_URL", os.environ["UV_INDEX_URL"].replace("simple", "bare"))

        outcome = cli("run", beta, "--as-of", "2021-12-31")

        assert outcome.code == 3
        assert "hint: the package index does not say when its files were published" in outcome.err

    def test_a_directory_of_wheels_does_not_get_into_a_lock_that_would_lie(
        self, cli: Cli, beta: Path, dated: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UV_NO_INDEX", "1")
        monkeypatch.setenv("UV_FIND_LINKS", str(dated.path))

        outcome = cli("run", beta, "--as-of", "2021-12-31")

        assert outcome.code == 3
        assert "nothing says that these were published before 2021-12-31T23:59:59Z: beta" in outcome.err

    def test_an_exception_in_the_users_settings_does_not_get_into_it_either(
        self, cli: Cli, beta: Path
    ) -> None:
        (beta / "uv.toml").write_text('exclude-newer-package = { beta = "2023-01-01" }\n')

        outcome = cli("run", beta, "--as-of", "2021-12-31")

        assert outcome.code == 3
        assert "nothing says that these were published before 2021-12-31T23:59:59Z: beta" in outcome.err

    def test_a_branch_of_a_repository_is_said_to_be_of_today(self, cli: Cli, files: Files) -> None:
        pack = files({"pyproject.toml": '[project]\nname = "pack"\nversion = "1"\n'})
        git(pack, "init", "-q", "-b", "main")
        git(pack, "add", ".")
        git(pack, "commit", "-qm", "pack")
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=pack, check=True, capture_output=True, text=True
        ).stdout.strip()
        noted = "note: pack came from the newest commit of a branch or tag"

        def planned(revision: str) -> str:
            wanted = f"pack @ git+{pack.as_uri()}@{revision}\n"
            demo = files({"MLproject": SHOW, "requirements.txt": wanted})
            outcome = cli("run", demo, "--dry-run", "--as-of", "2021-12-31")
            assert outcome.code == 0, outcome.err
            return outcome.err

        assert noted in planned("main")
        assert noted in planned("main"), "from the cache, too"
        assert noted not in planned(head)

    @pytest.mark.slow
    def test_pip_can_do_it_where_there_is_no_uv(
        self, cli: Cli, beta: Path, dated: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RUNNER_UV", "none")

        plan = json.loads(cli("run", beta, "--dry-run", "--json", "--as-of", "2021-12-31").out)
        monkeypatch.setenv("PIP_FIND_LINKS", str(dated.path))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        undated = cli("run", beta, "--dry-run", "--as-of", "2021-12-30")

        assert plan["environment"]["lock"]["as_of"] == "2021-12-31T23:59:59Z"
        (kept,) = (Path(os.environ["RUNNER_HOME"]) / "cache/locks").glob("*.json")
        assert 'version = "1.0"' in json.loads(kept.read_text())["text"]
        assert undated.code == 3
        assert "nothing says that these were published before" in undated.err


class TestTheCallersEnvironment:
    @pytest.fixture
    def demo(self, files: Files) -> Path:
        return files({"MLproject": "entry_points: {main: {command: 'echo ran'}}"})

    @pytest.fixture
    def python(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A virtual environment of the caller's, with one package."""
        prefix = tmp_path / "theirs"
        (prefix / "bin").mkdir(parents=True)
        (prefix / "bin/python").symlink_to("/bin/true")
        (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
        (prefix / "lib/python3.11/site-packages/torch-2.0+cpu.dist-info").mkdir(parents=True)
        monkeypatch.setenv("PATH", f"{prefix}/bin:/usr/bin:/bin")
        return prefix / "bin/python"

    def test_its_packages_are_observed(self, cli: Cli, demo: Path, python: Path) -> None:
        outcome = cli("run", demo)

        assert outcome.out == "ran\n", outcome.err
        run: dict[str, Any] = shown(cli)
        text = artifact(run, "runner/packages.txt").read_text()
        assert text == f"# Observed, not locked: the packages of {python}\ntorch==2.0+cpu\n"
        record = json.loads(artifact(run, "runner/record.json").read_text())
        assert record["environment"]["observed"] == {
            "python": str(python),
            "packages": 1,
            "digest": f"sha256:{sha256(text)}",
        }
        assert "runner.lock" not in run["tags"]

    def test_without_a_python_there_is_nothing_to_observe(
        self, cli: Cli, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "bin").mkdir()
        for program in ("sh", "bash"):
            (tmp_path / "bin" / program).symlink_to(f"/bin/{program}")
        monkeypatch.setenv("PATH", f"{tmp_path}/bin")

        assert cli("run", demo).out == "ran\n"
        run: dict[str, Any] = shown(cli)
        assert not artifact(run, "runner/packages.txt").exists()
        assert json.loads(artifact(run, "runner/record.json").read_text())["environment"]["observed"] is None

    def test_an_environment_of_ours_has_a_lock_instead(self, cli: Cli, beta: Path) -> None:
        cli("run", beta)

        assert not artifact(shown(cli), "runner/packages.txt").exists()

    @each("wish", [("--locked",), ("--relock",), ("--as-of", "2021-01-01")])
    def test_there_is_no_lock_to_be_had(self, cli: Cli, demo: Path, wish: tuple[str, ...]) -> None:
        outcome = cli("run", demo, *wish)

        assert outcome.code == 3
        assert f"for which there is no lock: {wish[0]} cannot be met" in outcome.err
