"""Ana hands Bob a file, and nothing else: his machine has no network, an empty cache, and has never seen her repository."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.bundles.hostile import rewritten
from tests.conftest import Cli
from tests.environments.wheels import Index, dated, index, uv_cache
from tests.reproduction.people import Person, git, write
from tests.services.channel import Channel

__all__ = ["dated", "index", "uv_cache"]

SHOW = """
import json, sys
import alpha, beta
json.dump({"beta": float(beta.version), "rows": len(open(sys.argv[1]).readlines())}, open("metrics.json", "w"))
open("out.txt", "w").write(open("lib/part.txt").read() + open("new.txt").read())
"""
FILES = {
    "MLproject": """
        name: demo
        python_env: python_env.yaml
        metrics: [metrics.json]
        outputs: [out.txt]
        entry_points:
          main:
            parameters: {data: {type: path, default: data.csv}, scale: {type: float, default: 1}}
            command: "python show.py {data}"
        """,
    "python_env.yaml": f"python: '{sys.version_info.major}.{sys.version_info.minor}'\ndependencies: [alpha]\n",
    "show.py": SHOW,
    "lib/part.txt": "part\n",
}


@pytest.fixture
def ana(tmp_path: Path, cli: Cli) -> Person:
    return Person(tmp_path / "ana", cli)


@pytest.fixture
def bob(tmp_path: Path, cli: Cli) -> Person:
    """Without any network, nor the index of wheels."""
    nothing = {
        "RUNNER_OFFLINE": "1",
        "UV_INDEX_URL": "http://127.0.0.1:9/simple",
        "UV_FIND_LINKS": "",
        "PIP_FIND_LINKS": "",
    }
    return Person(tmp_path / "bob", cli, nothing)


@pytest.fixture
def run(ana: Person, dated: Index) -> str:
    """Ana's run of a commit with changes that she did not commit, and with data that lies elsewhere."""
    work = write(ana.place / "work", FILES)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "first")
    write(work, {"new.txt": "untracked\n"})
    data = ana.place / "data"
    write(data, {"big.csv": "1\n2\n3\n"})
    outcome = ana("run", work, "-q", "-P", f"data={data / 'big.csv'}")
    assert outcome.code == 0, outcome.err
    return str(ana.newest()["run_id"])


def handed_over(ana: Person, run: str, *options: str) -> Path:
    """The file, when all else of Ana's is gone."""
    file = ana.place.parent / "run.zip"
    done = ana("export", run, file, *options)
    assert done.code == 0, done.err
    assert "warning" not in done.err
    return file


def refused_before(bob: Person, file: Path, what: str) -> None:
    """That the machine has nothing of its own is what makes the test one."""
    found = bob.reproduce(str(file))
    assert (found["verdict"], found["code"]) == ("impossible", 2), found
    assert what in json.dumps(found["checks"])


def test_packed_wheels_and_code_are_all_that_it_takes(ana: Person, bob: Person, run: str) -> None:
    bare = handed_over(ana, run)
    shutil.copy(bare, bare.with_name("bare.zip"))
    bare.unlink()
    file = handed_over(ana, run, "--with-wheels", "--with-code")

    with ana.out_of_reach():
        refused_before(bob, bare.with_name("bare.zip"), "code")
        found = bob.reproduce(str(file))

        assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]
        assert {one["name"] for one in found["results"]} >= {"beta", "rows", "out.txt"}
        changed = bob("run", file, "-P", "scale=2", "--run-name", "mine")
        assert changed.code == 0, changed.err
        assert bob.newest()["params"]["scale"] == "2"
        assert bob.newest()["metrics"]["beta"]["value"] == 2.0


def test_pip_installs_what_was_packed_where_there_is_no_uv(ana: Person, bob: Person, run: str) -> None:
    file = handed_over(ana, run, "--with-wheels", "--with-code")
    without = replace(bob, variables={**bob.variables, "RUNNER_UV": "none"})

    with ana.out_of_reach():
        found = without.reproduce(str(file))

    assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]


def test_packages_that_were_brought_are_collected_when_nobody_uses_them(
    ana: Person, bob: Person, run: str
) -> None:
    file = handed_over(ana, run, "--with-wheels", "--with-code")
    assert bob("run", file, "-q").code == 0
    kept = bob.caches / "packages/sha256"
    assert len(list(kept.iterdir())) == 2

    assert bob("env", "gc", "--older-than", "1").code == 0
    assert len(list(kept.iterdir())) == 2
    for path in kept.iterdir():
        os.utime(path, (1, 1))
    assert bob("env", "gc", "--older-than", "1").code == 0

    assert list(kept.iterdir()) == []


def test_a_packed_environment_needs_no_packages(ana: Person, bob: Person, run: str) -> None:
    file = handed_over(ana, run, "--with-environment", "--with-code")

    with ana.out_of_reach():
        found = bob.reproduce(str(file))

    assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]


def test_an_archive_holds_everything(ana: Person, bob: Person, run: str) -> None:
    kept = ana.place.parent / "kept"
    written = json.loads(ana("archive", run, kept, "--json").out)

    [file] = kept.iterdir()
    assert written[0]["missing"] == []
    with ana.out_of_reach():
        assert bob("verify", file).code == 0
        assert bob.reproduce(str(file))["verdict"] == "identical"


def test_a_package_in_the_bundle_with_another_hash_is_not_installed(
    ana: Person, bob: Person, run: str, tmp_path: Path
) -> None:
    file = handed_over(ana, run, "--with-wheels", "--with-code")
    with ZipFile(file) as archive:
        [wheel] = [name for name in archive.namelist() if "beta-2.0" in name]
    evil = rewritten(file, tmp_path / "evil.zip", changes={wheel: b"evil"})

    outcome = bob("run", evil)

    assert outcome.code == 3
    assert "it has another hash" in outcome.err


def test_what_cannot_be_packed_is_told_and_the_rest_is_written(
    ana: Person, run: str, dated: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(dated.path)
    dated.path.mkdir()
    file = ana.place.parent / "run.zip"

    outcome = ana("export", run, file, "--with-wheels", "--json")

    assert outcome.code == 0
    missing = json.loads(outcome.out)["missing"]
    assert len(missing) == 2
    assert "package alpha-1.0-py3-none-any.whl is not packed" in missing[0]


def test_conda_packages_are_brought_too(
    ana: Person, bob: Person, conda_channel: Channel, index: Index
) -> None:
    project = write(
        ana.place / "conda",
        {
            "MLproject": "conda_env: conda.yaml\noutputs: [out.txt]\nentry_points: {main: {command: 'greet > out.txt'}}",
            "conda.yaml": f"channels: ['{conda_channel.url}', nodefaults]\ndependencies: [greet]",
        },
    )
    outcome = ana("run", project, "-q")
    assert outcome.code == 0, outcome.err
    run = str(ana.newest()["run_id"])
    file = handed_over(ana, run, "--with-wheels", "--with-code")
    assert not (bob.caches / "conda").exists()

    with ana.out_of_reach():
        found = bob.reproduce(str(file))

    assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]
    assert list((bob.caches / "packages/sha256").iterdir())
