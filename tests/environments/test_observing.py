import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.environments.model import Observed
from runner.environments.observing import observe

each = pytest.mark.parametrize


def prefix_at(
    path: Path, *packages: str, own: bool = True, site: str = "lib/python3.11/site-packages"
) -> Path:
    """A Python that nobody can start, with packages; `own` makes it a virtual environment."""
    (path / "bin").mkdir(parents=True)
    (path / "bin/python3.11").write_text("")
    (path / "bin/python3.11").chmod(0o755)
    for name in ("python", "python3"):
        (path / "bin" / name).symlink_to("python3.11")
    if own:
        (path / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    for package in packages:
        (path / site / package).mkdir(parents=True)
    return path


def seen(path: str | Path, *, directory: Path = Path("/"), **environ: str) -> Observed | None:
    return observe({"PATH": str(path), "HOME": "/nowhere", **environ}, directory)


def lines(found: Observed | None) -> tuple[str, ...]:
    assert found
    return found.lines


def test_what_it_sees_is_what_python_itself_says() -> None:
    """Of the environment in which these tests run."""
    asked = "import importlib.metadata as m, json; print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
    said = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd="/"
    ).stdout

    found = observe(dict(os.environ, PATH=str(Path(sys.executable).parent)), Path("/"))

    def plain(name: str) -> str:
        return name.replace("_", "-").replace(".", "-").lower()

    pairs = {tuple(line.split("==")) for line in lines(found)}
    assert {(plain(name), version) for name, version in pairs} == {
        (plain(name), version) for name, version in json.loads(said)
    }


@each(
    ("name", "line"),
    [
        ("torch-2.1.0+cu121.dist-info", "torch==2.1.0+cu121"),
        ("zope.interface-6.0.dist-info", "zope.interface==6.0"),
        ("PyYAML-6.0-py3.11.egg-info", "PyYAML==6.0"),
        ("argcomplete-2.0.0.egg-info", "argcomplete==2.0.0"),
        ("mine.egg-info", "mine"),
    ],
)
def test_packages_are_told_by_the_names_of_their_metadata(tmp_path: Path, name: str, line: str) -> None:
    prefix = prefix_at(
        tmp_path / "env", name, "__pycache__", "~roken-1.0.dist-info", "two\nlines-1.dist-info"
    )

    assert lines(seen(prefix / "bin")) == (line,)


def test_the_first_on_path_is_the_one(tmp_path: Path) -> None:
    first, second = (prefix_at(tmp_path / name, f"{name}-1.dist-info") for name in ("first", "second"))

    found = seen(f"relative:{tmp_path}/nothing:{first}/bin:{second}/bin")

    assert found == Observed(python=first / "bin/python", lines=("first==1",))


def test_without_any_there_is_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path) is None


def test_a_virtual_environment_may_see_what_is_below_it(tmp_path: Path) -> None:
    base = prefix_at(tmp_path / "base", "below-1.dist-info", "both-1.dist-info", own=False)
    (base / "lib/python3/dist-packages/debian-1.egg-info").mkdir(parents=True)
    site = tmp_path / "env/lib/python3.11/site-packages"
    for package in ("above-1.dist-info", "both-2.dist-info"):
        (site / package).mkdir(parents=True)
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/python").symlink_to(base / "bin/python3.11")
    settings = tmp_path / "env/pyvenv.cfg"

    settings.write_text("include-system-site-packages = true\n")
    open_ = lines(seen(tmp_path / "env/bin"))
    settings.write_text("include-system-site-packages = false\n")
    closed = lines(seen(tmp_path / "env/bin"))

    assert open_ == ("above==1", "below==1", "both==2", "debian==1")
    assert closed == ("above==1", "both==2")


def test_the_users_own_packages_and_the_path_of_modules_count(tmp_path: Path) -> None:
    base = prefix_at(tmp_path / "base", "one-1.dist-info", own=False)
    (tmp_path / "home/.local/lib/python3.11/site-packages/one-2.dist-info").mkdir(parents=True)
    (tmp_path / "home/.local/lib/python3.9/site-packages/other-1.dist-info").mkdir(parents=True)
    (tmp_path / "more/added-1.dist-info").mkdir(parents=True)
    home, more = str(tmp_path / "home"), str(tmp_path / "more")

    assert lines(seen(base / "bin", HOME=home, PYTHONPATH=more)) == ("added==1", "one==2")
    assert "added==1" in lines(seen(base / "bin", directory=tmp_path, PYTHONPATH="more"))
    assert lines(seen(base / "bin", HOME=home, PYTHONNOUSERSITE="1")) == ("one==1",)


def test_a_conda_environment_tells_its_records(tmp_path: Path) -> None:
    prefix = prefix_at(tmp_path / "conda", "pure-1.0.dist-info", own=False)
    (prefix / "conda-meta").mkdir()
    for record in (
        "numpy-1.26.4-py311h64a7726_0.json",
        "ca-certificates-2024.2.2-hbcca054_0.json",
        "history",
    ):
        (prefix / "conda-meta" / record).write_text("{}")

    assert lines(seen(prefix / "bin")) == (
        "ca-certificates=2024.2.2=hbcca054_0",
        "numpy=1.26.4=py311h64a7726_0",
        "pure==1.0",
    )


class TestPyenv:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        root = tmp_path / "pyenv"
        for version in ("3.11.7", "3.12.1"):
            prefix_at(root / "versions" / version, f"of{version}-1.dist-info", own=False)
        (root / "shims").mkdir()
        (root / "shims/python").write_text("#!/bin/sh\nexec pyenv\n")
        (root / "shims/python").chmod(0o755)
        return root

    def test_a_shim_is_followed_to_the_version_that_is_chosen(self, root: Path, tmp_path: Path) -> None:
        project = tmp_path / "above/project"
        project.mkdir(parents=True)

        def chosen(**environ: str) -> Path | None:
            found = seen(root / "shims", directory=project, **environ)
            return found.python.relative_to(root / "versions") if found else None

        assert chosen() is None, "none is chosen: the shim would fail"
        (root / "version").write_text("3.11.7\n")
        assert chosen() == Path("3.11.7/bin/python")
        (project.parent / ".python-version").write_text("3.12.1\n3.11.7\n")
        assert chosen() == Path("3.12.1/bin/python")
        assert chosen(PYENV_VERSION="3.11.7:3.12.1") == Path("3.11.7/bin/python")

    def test_a_pipe_in_the_project_holds_nobody_up(self, root: Path, tmp_path: Path) -> None:
        (root / "version").write_text("3.11.7\n")
        os.mkfifo(tmp_path / ".python-version")

        found = seen(root / "shims", directory=tmp_path)

        assert found
        assert found.python == root / "versions/3.11.7/bin/python"

    @each("chosen", ["system", "3.9.1", "../../evil", ""])
    def test_a_version_that_is_not_there_is_not_guessed(self, root: Path, chosen: str) -> None:
        assert seen(root / "shims", PYENV_VERSION=chosen) is None
