"""`runner env` with conda environments."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.environments.cache import MARKER
from tests.cli.test_env import moved
from tests.cli.test_run_conda import PROJECT
from tests.conftest import Cli, Files
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.wheels import Index, index, uv_cache
from tests.services.channel import Channel

__all__ = ["channel", "downloads", "fetched", "index", "person", "uv_cache"]

Demo = Callable[..., Path]


@pytest.fixture
def demo(files: Files, channel: Channel) -> Demo:
    """A project with these conda packages, which runs a command: `demo("tuned", runs="tune")`."""

    def make(*packages: object, runs: str = "true") -> Path:
        declared = json.dumps({"channels": ["conda-forge"], "dependencies": packages})
        return files({"MLproject": PROJECT.replace("python show.py", runs), "conda.yaml": declared})

    return make


def listed(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(cli("env", "list", "--json").out)
    return found


def ran(cli: Cli, project: Path) -> Path:
    """Run it, and give its environment."""
    outcome = cli("run", project)
    assert outcome.code == 0, outcome.err
    return Path(listed(cli)[0]["path"])


def test_they_are_listed_and_shown(cli: Cli, demo: Demo) -> None:
    path = ran(cli, demo("tuned"))

    (entry,) = listed(cli)
    shown = cli("env", "show", path.name).out

    assert (entry["kind"], entry["python"], entry["packages"]) == ("conda", "", {"tuned": "1.0"})
    assert "kind     conda\n" in shown
    assert "took     install " in shown
    assert "  platform linux-64\n" in shown


def test_what_was_changed_is_found_in_conda_and_pip_packages(
    cli: Cli, demo: Demo, fetched: None, index: Index
) -> None:
    path = ran(cli, demo("python", "pip", "placed", {"pip": ["alpha"]}))
    sound = cli("env", "verify")
    assert sound.code == 0, sound.out
    alpha = next(path.glob("lib/python*/site-packages/alpha/__init__.py"))
    for file in (alpha, path / "bin/placed"):
        content = file.read_text()
        file.unlink()  # and no edit in place, for the caches are those of other tests
        file.write_text(content + "# mine\n")
    (path / "share/placed.txt").unlink()
    (path / "share/more.txt").write_text("mine")

    outcome = cli("env", "verify", path.name)

    assert outcome.code == 3
    assert outcome.out.splitlines()[1:] == [
        "  changed  bin/placed",
        f"  changed  {alpha.relative_to(path)}",
        "  missing  share/placed.txt",
        "  added    share/more.txt",
    ]


def test_an_edit_in_the_package_cache_is_repaired_by_fetching_the_package_anew(
    cli: Cli, demo: Demo, channel: Channel
) -> None:
    project = demo("tuned", runs="tune")
    path = ran(cli, project)
    with (path / "share/tuned/bin/tune").open("a") as stream:
        stream.write("echo out of tune\n")

    outcome = cli("env", "verify", "--repair")
    channel.asked.clear()
    again = cli("run", project)

    assert "changed in the package cache as well: tuned" in outcome.out
    assert again.out == "in tune\n", again.err
    assert any("tuned" in path for path in channel.asked)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Go to another machine."""
    return lambda: moved(monkeypatch, tmp_path / "another-machine")


@pytest.mark.usefixtures("fetched")
def test_an_environment_with_its_python_runs_offline_on_another_machine(
    cli: Cli, demo: Demo, channel: Channel, index: Index, elsewhere: Callable[[], None]
) -> None:
    index.add("delta", scripts={"delta": "delta:version.upper"})
    runs = "placed && { delta 2>&1; tune; } && printenv TUNED_HOME"
    project = demo("python", "pip", "placed", "tuned", "greet", {"pip": ["delta"]}, runs=runs)
    here, file = ran(cli, project), project.with_name("environment.zip")
    exported = cli("env", "export", project, file)
    assert exported.code == 0, exported.err
    elsewhere()
    channel.asked.clear()

    imported = cli("env", "import", file)
    outcome = cli("run", project)

    assert imported.code == 0, imported.err
    assert outcome.code == 0, outcome.err
    assert "cached" in outcome.err
    there = Path(listed(cli)[0]["path"])
    assert there.name == here.name
    assert outcome.out.splitlines() == ["found", "1.0", "in tune", str(there / "share/tuned")]
    assert channel.asked == []
    assert cli("env", "verify").code == 0
    assert not any(str(here).encode() in file.read_bytes() for file in there.rglob("*") if file.is_file())


def test_a_path_that_is_too_long_for_compiled_files_is_refused(
    cli: Cli, demo: Demo, fetched: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "environment.zip"
    assert cli("env", "export", demo("placed"), file).code == 0
    moved(monkeypatch, tmp_path / ("x" * 200))

    outcome = cli("env", "import", file)

    assert outcome.code == 3
    assert "the cache's path is too long: placed.bin is compiled" in outcome.err
    assert listed(cli) == []


def test_a_change_in_the_file_is_explained(cli: Cli, demo: Demo, fetched: None) -> None:
    ran(cli, demo("python", "clock<2"))

    outcome = cli("env", "explain", demo("python", "clock<3", "tuned"))

    assert outcome.code == 0, outcome.err
    assert "environment  conda, " in outcome.out
    assert "* clock           1.0 -> 2.0\n" in outcome.out
    assert "* tuned           - -> 1.0\n" in outcome.out
    assert "* lock " in outcome.out
    assert "  platform       linux-64\n" in outcome.out
    assert "python" not in outcome.out.partition("\npackages\n")[2]


def packages(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "cache/conda/pkgs").iterdir() if path.is_dir())


def test_packages_that_no_environment_holds_go_when_they_are_old(cli: Cli, demo: Demo, home: Path) -> None:
    gone = ran(cli, demo("tuned"))
    kept = ran(cli, demo("greet"))
    (tuned,) = [name for name in packages(home) if name.startswith("tuned")]
    for path in (home / "cache/conda/pkgs").iterdir():
        os.utime(path, (0, 0))
    os.utime(gone / MARKER, (0, 0))

    outcome = cli("env", "gc")

    assert "removed 1 environment, 1 package" in outcome.out
    assert tuned not in packages(home)
    assert packages(home)
    assert [entry["path"] for entry in listed(cli)] == [str(kept)]
