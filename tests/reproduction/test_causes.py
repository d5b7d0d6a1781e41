"""Injected differences, one at a time, among others that do not matter: which of them is told first."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.environments.python.interpreters import find_interpreters
from runner.environments.python.versions import release_of
from runner.settings import Settings
from tests.conftest import Cli, Files
from tests.environments.wheels import Index, index, uv_cache

__all__ = ["index", "uv_cache"]

PROJECT = {
    "MLproject": """
        name: churn
        python_env: python_env.yaml
        variables: [PENALTY]
        entry_points:
          main:
            parameters:
              alpha: {type: float, default: 0.5}
              data: {type: path, default: data.csv}
            command: python train.py --alpha {alpha} --data {data}
            metrics: [metrics.json]
        """,
    "python_env.yaml": "dependencies: [-c limits.txt, forest==1.0, plotter==1.0]\n",
    "limits.txt": "branch==1.0\n",
    "train.py": """
        import argparse, contextlib, json, os, pathlib, random, sys
        import forest
        from features import weights
        with contextlib.suppress(ImportError):
            import tuning
        options = argparse.ArgumentParser()
        options.add_argument("--alpha", type=float)
        options.add_argument("--data")
        given = options.parse_args()
        rows = [float(line) for line in open(given.data)]
        settings = json.loads(pathlib.Path("settings.json").read_text())
        workers = len(os.sched_getaffinity(0)) * int(os.environ.get("OMP_NUM_THREADS", 3))
        noise = random.Random(int(os.environ.get("RUNNER_SEED", 0))).random()
        total = 0.0
        for worker in range(workers):
            total += sum(value ** 0.5 for value in rows[worker::workers])
        score = total * weights.SCALE * settings["rate"] + noise + given.alpha
        score += forest.depth() + hash("churn") % 100 * float(os.environ.get("PENALTY", 1))
        score += sys.version_info.minor
        json.dump({"score": score}, open("metrics.json", "w"))
        """,
    "features/__init__.py": "",
    "features/weights.py": "SCALE = 2\n",
    "settings.json": '{"rate": 0.25}\n',
    "data.csv": "".join(f"{(number * 37 % 101) ** 5 / 7 + 1:.6f}\n" for number in range(500)),
    "unused.py": "SPEED = 1\n",
    "README.md": "Predicts who leaves.\n",
    ".gitignore": "metrics.json\n",
}
DEPTH = b"import branch\ndef depth(): return float(branch.version) * 100 + float(version)\nversion = '%s'\n"


@dataclass(frozen=True)
class Injected:
    """What is changed in a project before its second run, and the cause that is to be told first for that."""

    cause: str
    change: Callable[[Path], object] = lambda _project: None
    variables: dict[str, str] | None = None
    first: tuple[str, ...] = ()
    second: tuple[str, ...] = ()
    cpus: int | None = None


def replaced(name: str, old: str, new: str) -> Callable[[Path], object]:
    def change(project: Path) -> None:
        text = (project / name).read_text()
        assert old in text
        (project / name).write_text(text.replace(old, new))

    return change


def untracked(project: Path) -> None:
    (project / "tuning.py").write_text("import features.weights\nfeatures.weights.SCALE = 3\n")


INJECTED = [
    Injected("package forest", replaced("python_env.yaml", "forest==1.0", "forest==1.1")),
    Injected("package branch", replaced("limits.txt", "1.0", "1.1")),
    Injected("data data", replaced("data.csv", "1.000000", "1.000001")),
    Injected("parameter alpha", second=("-P", "alpha=0.75")),
    Injected("parameter alpha", replaced("MLproject", "default: 0.5", "default: 0.6")),
    Injected("code train.py", replaced("train.py", "** 0.5", "** 0.51")),
    Injected("code features/weights.py", replaced("features/weights.py", "2", "2.5")),
    Injected("code tuning.py", untracked),
    Injected("code settings.json", replaced("settings.json", "0.25", "0.26")),
    Injected("seed seed", first=("--seed", "1"), second=("--seed", "2")),
    Injected("variable PENALTY", variables={"PENALTY": "2.5"}),
    Injected("variable PYTHONHASHSEED", variables={"PYTHONHASHSEED": "7"}),
    Injected("variable OMP_NUM_THREADS", variables={"OMP_NUM_THREADS": "7"}),
    Injected("machine cpus allowed", cpus=1),
]


def another_interpreter(settings: Settings) -> list[Injected]:
    """A Python of another minor version, if this machine has one on which the packages can be installed."""
    found = {release_of(one.version)[:2]: one for one in find_interpreters(settings)}
    others = [
        one for minor, one in sorted(found.items()) if minor >= (3, 9) and minor != sys.version_info[:2]
    ]
    return [Injected("interpreter python", second=("--python", one.version)) for one in others[-1:]]


def git(project: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", project, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def original(files: Files, index: Index) -> Path:
    """A project in Git whose result depends on everything."""
    for version in ("1.0", "1.1"):
        index.add("branch", version)
        index.add("forest", version, requires=["branch"], files={"__init__.py": DEPTH % version.encode()})
    for version in ("1.0", "2.0"):
        index.add("plotter", version)
    project = files(PROJECT)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "first")
    return project


def with_noise(original: Path, place: Path) -> Path:
    """A clone with commits on another branch that change no result: prose, a test, a comment, a package that is not used."""
    shutil.copytree(original, place)
    git(place, "checkout", "--quiet", "-b", "tidying")
    replaced("README.md", "who leaves", "who will leave")(place)
    replaced("train.py", "total = 0.0", "total = 0.0  # of all workers")(place)
    replaced("python_env.yaml", "plotter==1.0", "plotter==2.0")(place)
    (place / "tests").mkdir()
    (place / "tests/test_train.py").write_text("import train\n")
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "tidied")
    return place


@contextmanager
def circumstances(injected: Injected) -> Iterator[None]:
    """Variables and processors of the second run."""
    allowed = os.sched_getaffinity(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "C.UTF-8")  # more that does not matter
        for name, text in (injected.variables or {}).items():
            patch.setenv(name, text)
        try:
            os.sched_setaffinity(0, sorted(allowed)[: injected.cpus])
            yield
        finally:
            os.sched_setaffinity(0, allowed)


@pytest.mark.slow
def test_of_all_that_differs_the_true_cause_is_told_first(
    cli: Cli, original: Path, settings: Settings, tmp_path: Path
) -> None:
    cases = [one for one in INJECTED if one.cpus is None or len(os.sched_getaffinity(0)) > one.cpus]
    cases += another_interpreter(settings)
    told: dict[int, tuple[str, str, str]] = {}

    for number, injected in enumerate(cases):
        project = with_noise(original, tmp_path / f"clone{number}")
        replaced("unused.py", "1", "2")(project)
        injected.change(project)
        assert cli("run", original, *injected.first, "-q", "--run-name", f"first{number}").code == 0
        with circumstances(injected):
            assert cli("run", project, *injected.second, "-q", "--run-name", f"second{number}").code == 0
        there, back = (
            json.loads(cli("diff", f"{one}{number}", f"{other}{number}", "--json").out)
            for one, other in (("first", "second"), ("second", "first"))
        )
        assert there["verdict"] == back["verdict"] == "different", injected
        told[number] = (injected.cause, there["causes"][0], back["causes"][0])

    wrong = {number: causes for number, causes in told.items() if len(set(causes)) > 1}
    assert len(cases) >= 12
    assert len(wrong) <= len(cases) // 12, wrong


def test_nothing_explains_it_where_only_what_does_not_matter_differs(
    cli: Cli, original: Path, tmp_path: Path
) -> None:
    replaced("train.py", "** 0.5", "** 0.5 + random.random()")(original)
    project = with_noise(original, tmp_path / "clone")

    for place in (original, project):
        assert cli("run", place, "-q").code == 0
    found = json.loads(cli("diff", "-2", "-1", "--json").out)

    assert found["verdict"] == "different"
    assert found["causes"] == []
    assert {one["name"] for one in found["differences"]} >= {"README.md", "train.py", "plotter", "commit"}
