"""`runner run` of projects with conda environments, for somebody who has neither conda nor pyenv."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from runner.environments.conda import asking, configuration
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.environments.builders import await_, some
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.wheels import Index, index, uv_cache
from tests.services.channel import LOGIN, PYTHON, Channel
from tests.test_architecture import HEAVY, Imported, imported

__all__ = ["channel", "downloads", "fetched", "imported", "index", "person", "uv_cache"]

PROJECT = "name: demo\nconda_env: conda.yaml\nentry_points: {main: {command: 'python show.py'}}"
ABSENT = ("conda", "mamba", "micromamba", "pyenv")
PIP_ONLY = "dependencies: [python, pip, {pip: [alpha]}]"
PACKAGES = f"""
    name: demo
    channels: [conda-forge, nodefaults]
    dependencies: [python={PYTHON}, msgspec, numpy, conda-forge::polite=1.0=pyh0_0, tuned]
    variables: {{MY_LEVEL: 7}}
    prefix: /home/somebody/envs/demo
"""
WITH_PIP = "channels: [conda-forge]\ndependencies: [python, pip, polite, {pip: [alpha, greet]}]"

pytestmark = pytest.mark.usefixtures("fetched")


@pytest.fixture(autouse=True)
def nothing_else(channel: Channel) -> None:
    assert not any(map(shutil.which, ABSENT))


def test_the_keys_of_condarc_are_documented() -> None:
    page = Path(__file__).parents[2] / "docs/how-to/use-conda-environments.md"
    rows = [line.split("`")[1] for line in page.read_text().splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted(configuration.KEYS)


class TestThreeProjects:
    """Cold, and warm without a worker, a shell or a question to the channel."""

    def twice(self, cli: Cli, demo: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> str:
        cold = cli("run", demo)
        channel.asked.clear()
        monkeypatch.setattr(asking, "WORKER", Path("/nowhere"))
        warm = cli("run", demo)

        assert cold.code == warm.code == 0, cold.err + warm.err
        assert "locked and built" in cold.err
        assert "cached" in warm.err
        assert warm.out == cold.out
        assert channel.asked == []
        return cold.out

    def test_of_pip_packages_only(
        self, cli: Cli, files: Files, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        show = "import alpha, sys; print(alpha.version, sys.prefix == sys.base_prefix)"
        demo = files({"MLproject": PROJECT, "conda.yaml": PIP_ONLY, "show.py": show})

        assert self.twice(cli, demo, channel, monkeypatch) == "1.0 False\n"  # a virtual environment will do

    def test_of_conda_packages_with_compiled_ones(
        self, cli: Cli, files: Files, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        show = """
            import msgspec, numpy, os, platform, polite, sys
            print(msgspec.json.encode([1]), numpy.arange(3).sum(), platform.python_version())
            print(os.environ["CONDA_PREFIX"] == sys.prefix, os.environ["TUNED_LEVEL"], os.environ["CONDA_DEFAULT_ENV"])
        """
        demo = files({"MLproject": PROJECT, "conda.yaml": PACKAGES, "show.py": show})

        said = self.twice(cli, demo, channel, monkeypatch)

        assert said == f"b'[1]' 3 {PYTHON}\nTrue 7 demo\n"
        (environment,) = json.loads(cli("env", "list", "--json").out)
        assert {"python": PYTHON, "greet": "1.0"}.items() <= environment["packages"].items()

    def test_with_a_pip_section(
        self, cli: Cli, files: Files, channel: Channel, index: Index, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index.add("greet", "1.0")
        index.add("greet", "7.0")  # what conda has installed stays
        show = "import alpha, beta, greet, polite; print(alpha.version, beta.version, greet.version)"
        demo = files({"MLproject": PROJECT, "conda.yaml": WITH_PIP, "show.py": show})

        assert self.twice(cli, demo, channel, monkeypatch) == "1.0 2.0 1.0\n"
        lock = artifact(shown(cli), "runner/conda-lock.yml").read_text()
        assert "manager: pip" in lock
        assert "manager: conda" in lock


def test_a_warm_run_imports_nothing_that_is_slow(imported: Imported, files: Files) -> None:
    project = PROJECT.replace("python show.py", "tune")
    demo = files({"MLproject": project, "conda.yaml": "channels: [conda-forge]\ndependencies: [tuned]"})
    imported("run", demo)

    modules = imported("run", demo)

    assert "runner.environments.conda.recipe" in modules
    assert modules & {*HEAVY, "rattler"} == set()


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ({"conda.yaml": "variables: {A: b}"}, 0, "--solver conda-lock is for conda environments, and this"),
        (
            {"conda.yaml": PACKAGES, "conda-lock.yml": ""},
            3,
            "conda-lock.yml, which says each version: --solver contra",
        ),
    ],
)
def test_another_solver_where_nothing_is_solved_is_told(
    cli: Cli, files: Files, content: dict[str, str], code: int, said: str
) -> None:
    demo = files({"MLproject": PROJECT.replace("python show.py", "true"), **content})

    outcome = cli("run", "--solver", "conda-lock", demo)

    assert outcome.code == code
    assert said in outcome.err


def test_a_pip_list_alone_may_have_its_python_from_conda(cli: Cli, files: Files) -> None:
    show = "import alpha, os, sys; print(alpha.version, sys.prefix == os.environ['CONDA_PREFIX'])"
    demo = files(
        {"MLproject": PROJECT, "conda.yaml": f"channels: [conda-forge]\n{PIP_ONLY}", "show.py": show}
    )

    outcome = cli("run", "--env-manager", "conda", demo)

    assert outcome.out == "1.0 True\n", outcome.err
    assert f"conda, Python {PYTHON}" in outcome.err


def test_four_runs_at_once_on_an_empty_cache_build_once(cli: Cli, files: Files, home: Path) -> None:
    project = PROJECT.replace("python show.py", "tune")
    demo = files({"MLproject": project, "conda.yaml": "channels: [conda-forge]\ndependencies: [tuned]"})
    argv = [sys.executable, "-m", "runner", "run", str(demo)]

    together = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = [process.communicate() for process in together]

    assert [out for out, _ in said] == ["in tune\n"] * 4, said
    assert sum("built, " in err for _, err in said) == 1, said
    assert len(list((home / "cache/envs").glob("*/.ready.json"))) == 1


def test_copies_may_be_had_instead_of_links(cli: Cli, files: Files, home: Path, person: Path) -> None:
    (person / ".config/rattler").mkdir(parents=True)
    (person / ".config/rattler/config.toml").write_text("allow-hard-links = false\n")
    project = PROJECT.replace("python show.py", "tune")
    demo = files({"MLproject": project, "conda.yaml": "channels: [conda-forge]\ndependencies: [tuned]"})

    assert cli("run", demo).code == 0

    (tool,) = (home / "cache/envs").glob("*/share/tuned/bin/tune")
    assert tool.stat().st_nlink == 1


def test_the_lock_is_kept_with_the_run_and_a_project_that_ships_it_is_run_in_it(
    cli: Cli, files: Files, channel: Channel
) -> None:
    contents = {"MLproject": PROJECT, "conda.yaml": "channels: [conda-forge]\ndependencies: [clock<3]"}
    show = {"show.py": "import clock; print(clock.version)"}
    assert cli("run", files({**contents, **show})).out == "2.0\n"
    run = shown(cli)
    lock = artifact(run, "runner/conda-lock.yml").read_text()
    plan = json.loads(artifact(run, "runner/plan.json").read_text())
    assert plan["environment"]["kind"] == "conda"
    assert plan["environment"]["lock"]["packages"] == 2
    channel.asked.clear()

    outcome = cli("run", "--locked", files({**contents, **show, "conda-lock.yml": lock}))

    assert outcome.out == "2.0\n", outcome.err
    assert not any("repodata" in path for path in channel.asked)


def test_a_contradiction_is_a_failed_run_with_the_solvers_tree(cli: Cli, files: Files) -> None:
    text = "channels: [conda-forge]\ndependencies: [antique, clock>=2]"

    outcome = cli("run", files({"MLproject": PROJECT, "conda.yaml": text, "show.py": ""}))

    assert outcome.code == 3
    page = Path(__file__).parents[2] / "docs/how-to/use-conda-environments.md"
    assert "└─ antique 1.0 would require" in outcome.err
    assert outcome.err.partition("error: ")[2].rstrip() in page.read_text()
    run = shown(cli)
    assert run["status"] == "FAILED"
    assert "clock <2" in artifact(run, "logs/stderr.txt").read_text()


def test_offline_nothing_is_asked(
    cli: Cli, files: Files, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "channels: [other]\ndependencies: [python, clock]"
    monkeypatch.setenv("RUNNER_OFFLINE", "1")

    outcome = cli("run", files({"MLproject": PROJECT, "conda.yaml": text, "show.py": ""}))

    assert outcome.code == 3
    assert "RUNNER_OFFLINE is set" in outcome.err
    assert channel.asked == []


@contextmanager
def watching() -> Iterator[set[bytes]]:
    """The argument lists of all processes meanwhile."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.002):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_the_password_of_a_channel_is_seen_nowhere(
    cli: Cli, files: Files, private_conda_channel: Channel, home: Path
) -> None:
    url = private_conda_channel.url.replace("://", f"://{':'.join(LOGIN)}@")
    text = f"channels: ['{url}']\ndependencies: [tuned]"
    project = PROJECT.replace("python show.py", "env; ls -R $CONDA_PREFIX/conda-meta")
    demo = files({"MLproject": project, "conda.yaml": text})

    with watching() as arguments:
        outcome = cli("run", demo)

    assert outcome.code == 0, outcome.err
    assert any(b"worker.py" in line for line in arguments)
    assert not any(LOGIN[1].encode() in line for line in arguments)
    assert LOGIN[1] not in outcome.out + outcome.err
    for path in (path for path in home.rglob("*") if path.is_file()):
        assert LOGIN[1].encode() not in path.read_bytes(), path


def test_a_run_killed_while_it_installs_does_not_spoil_the_next(cli: Cli, files: Files, home: Path) -> None:
    demo = files(
        {"MLproject": PROJECT, "conda.yaml": PACKAGES, "show.py": "import numpy, polite; print('whole')"}
    )
    first = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", str(demo)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    await_(lambda: some(home / "cache/envs", "*/conda-meta/*") or first.poll() is not None)
    first.kill()
    first.communicate()

    again = cli("run", demo)

    assert again.out == "whole\n", again.err
    with suppress(ProcessLookupError):
        os.killpg(first.pid, signal.SIGKILL)
