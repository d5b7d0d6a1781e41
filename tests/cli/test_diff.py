"""`runner diff`, between real runs, and between a run and what would run now."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Files
from tests.environments.wheels import Index, index, uv_cache

__all__ = ["index", "uv_cache"]

PROJECT = {
    "MLproject": """
        name: demo
        entry_points:
          main:
            parameters:
              x: {type: float, default: 1}
              key: {type: string, secret: true, default: none}
            command: "python3 train.py {x} {key}"
            metrics: [metrics.json]
            outputs: [model.txt]
        """,
    "train.py": """
        import json, sys
        import scale
        value = float(sys.argv[1]) * scale.SCALE
        json.dump({"score": value}, open("metrics.json", "w"))
        open("model.txt", "w").write(f"model {value}")
        """,
    "scale.py": "SCALE = 1\n",
    ".gitignore": "metrics.json\nmodel.txt\n__pycache__\n",
}


def git(project: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", "-C", project, *who, *arguments], check=True, capture_output=True)


def commit(project: Path, message: str) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)


@pytest.fixture
def project(files: Files) -> Path:
    """A project whose first commit has run, as `first`."""
    project = files(PROJECT)
    git(project, "init", "--quiet")
    commit(project, "first")
    return project


def run(cli: Cli, project: Path, name: str, *options: str) -> None:
    assert cli("run", project, "--env-manager", "local", "-q", "--run-name", name, *options).code == 0


def document(cli: Cli, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cli("diff", *arguments, "--json").out)
    return found


def sections(text: str) -> dict[str, list[str]]:
    """The lines below each heading, with single spaces."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith(" "):
            found[list(found)[-1]].append(" ".join(line.split()))
        else:
            found[line] = []
    return found


def test_two_equal_runs_are_alike(cli: Cli, project: Path) -> None:
    run(cli, project, "first")
    run(cli, project, "second")

    outcome = cli("diff", "first", "second")

    assert (outcome.code, outcome.out) == (0, "")
    assert "first and second are alike" in outcome.err
    assert document(cli, "first", "second") == {
        "first": "first",
        "second": "second",
        "alike": True,
        "verdict": "identical",
        "differences": [],
        "results": [],
        "causes": [],
    }


def test_commits_files_parameters_and_results_are_told_section_by_section(cli: Cli, project: Path) -> None:
    run(cli, project, "first")
    (project / "scale.py").write_text("SCALE = 3\n")
    (project / "README.md").write_text("one\ntwo\n")
    commit(project, "triple \x1b[31mit")
    (project / "notes.txt").write_text("untracked\n")
    run(cli, project, "second", "-P", "x=2", "-P", "y=\x1b]0;x\x07")

    outcome = cli("diff", "first", "second")
    told = sections(outcome.out)

    assert outcome.code == 1
    assert list(told) == ["code", "parameters", "results", "likely causes"]
    assert told["code"][0].startswith("commit ")
    assert "1 commit later" in told["code"][0]
    assert told["code"][1].endswith("triple \N{REPLACEMENT CHARACTER}[31mit")
    assert told["code"][2:] == [
        "README.md +2 -0 added",
        "notes.txt +1 -0 added",
        "scale.py +1 -1 changed",
    ]
    assert told["parameters"][0].replace("->", "→") == "x 1 → 2"
    assert any(line.startswith("metric score 1") for line in told["results"])
    assert any(line.startswith("artifact model.txt") for line in told["results"])
    assert told["likely causes"] == ["1. parameter x", "2. parameter y", "3. code scale.py"]
    assert "\x1b" not in outcome.out


def test_code_is_a_patch(cli: Cli, project: Path, tmp_path: Path) -> None:
    run(cli, project, "first")
    (project / "scale.py").write_text("SCALE = 3\n\ttab\x1b[31m = 1\n".replace("\ttab\x1b[31m", "tab"))
    (project / "new.py").write_text("if 1:\n\tpass\n")
    (project / ".gitignore").unlink()
    (project / "metrics.json").unlink()
    (project / "model.txt").unlink()
    run(cli, project, "second")
    old = tmp_path / "old"
    git(project, "worktree", "add", "--quiet", str(old), "HEAD")

    outcome = cli("diff", "first", "second", "--code")
    subprocess.run(
        ["git", "-C", old, "apply", "--whitespace=nowarn"], input=outcome.out, text=True, check=True
    )

    assert outcome.code == 1
    assert (old / "scale.py").read_text() == (project / "scale.py").read_text()
    assert (old / "new.py").read_text() == "if 1:\n\tpass\n"
    assert not (old / ".gitignore").exists()


def test_patches_alone_differ_where_the_repository_is_gone(cli: Cli, files: Files) -> None:
    first = files(PROJECT)
    second = files({**PROJECT, "scale.py": "SCALE = 2\n"})
    run(cli, first, "first")
    run(cli, second, "second")
    for directory in (first, second):
        directory.rename(directory.with_suffix(".gone"))

    there, back = document(cli, "first", "second"), document(cli, "second", "first")

    assert [one["name"] for one in there["differences"]] == ["scale.py"]
    assert "-SCALE = 1\n+SCALE = 2\n" in there["differences"][0]["detail"]
    assert "-SCALE = 2\n+SCALE = 1\n" in back["differences"][0]["detail"]
    assert there["causes"] == ["code scale.py"]


def test_names_of_strangers_break_no_output(cli: Cli, files: Files) -> None:
    names = ["a\n+++ b/evil.py", "\x1b[31mred.py", "with space.py", "\udcff.py", 'quo"te.py']
    first = files({**PROJECT, **dict.fromkeys(names, "one\n")})
    second = files({**PROJECT, **dict.fromkeys(names, "two\n")})
    run(cli, first, "first")
    run(cli, second, "second")

    text, code, found = (
        cli("diff", "first", "second"),
        cli("diff", "first", "second", "--code"),
        document(cli, "first", "second"),
    )
    applied = subprocess.run(["git", "apply", "-"], cwd=first, input=code.out, text=True, check=False)

    assert text.code == code.code == 1
    assert "\x1b" not in text.out + code.out
    assert len(sections(text.out)["code"]) == len(found["differences"]) == len(names)
    assert len([line for line in code.out.splitlines() if line.startswith("+++ ")]) == len(names)
    assert applied.returncode == 0
    assert (first / "with space.py").read_text() == (first / 'quo"te.py').read_text() == "two\n"


def test_a_secret_is_never_told(cli: Cli, project: Path) -> None:
    run(cli, project, "first", "-P", "key=hunter2")
    run(cli, project, "second", "-P", "key=hunter3")

    for options in ([], ["--json"], ["--code"]):
        outcome = cli("diff", "first", "second", *options)
        assert (outcome.code, "hunter" in outcome.out + outcome.err) == (0, False)


def test_a_run_is_told_apart_from_the_working_directory(
    cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(cli, project, "first", "-P", "x=2")
    monkeypatch.chdir(project)
    (project / "scale.py").write_text("SCALE = 3\n")

    outcome = cli("diff", "first")
    given = cli("diff", "-1", ".", "-P", "x=2", "--code")

    assert outcome.code == given.code == 1
    assert list(sections(outcome.out)) == ["code", "parameters"]
    assert sections(outcome.out)["parameters"][0].replace("->", "→") == "x 2 → 1"
    assert "+SCALE = 3" in given.out
    assert not (project / "mlruns").exists()


def test_a_run_is_told_apart_from_another_commit(cli: Cli, project: Path) -> None:
    git(project, "tag", "old")
    (project / "scale.py").write_text("SCALE = 3\n")
    commit(project, "triple")
    run(cli, project, "first")

    old, new = cli("diff", "first", project, "-v", "old", "--code"), cli("diff", "first", project)

    assert (old.code, new.code) == (1, 0)
    assert "-SCALE = 3\n+SCALE = 1\n" in old.out


def test_a_run_of_what_is_there_is_alike(cli: Cli, project: Path) -> None:
    (project / "notes.txt").write_text("untracked\n")
    run(cli, project, "first")

    outcome = cli("diff", "first", project)

    assert (outcome.code, outcome.out) == (0, "")
    assert document(cli, "first", project.as_uri())["differences"] != []  # the commit has no notes
    assert len(json.loads(cli("runs", "list", "--json").out)) == 1


def test_a_run_is_told_apart_from_a_bundle(cli: Cli, project: Path, tmp_path: Path) -> None:
    run(cli, project, "first")
    (project / "scale.py").write_text("SCALE = 3\n")
    run(cli, project, "second")
    bundle = tmp_path / "out.zip"
    assert cli("export", "second", bundle).code == 0

    there, back = document(cli, "first", str(bundle)), document(cli, str(bundle), "first")

    assert there["causes"] == back["causes"] == ["code scale.py"]
    assert document(cli, "second", str(bundle))["alike"]


def test_packages_are_told_with_those_through_which_they_came(cli: Cli, files: Files, index: Index) -> None:
    project = files(
        {**PROJECT, "python_env.yaml": "dependencies: [-c limits.txt, alpha]\n", "limits.txt": "beta<2\n"}
    )
    assert cli("run", project, "-q", "--run-name", "first").code == 0
    (project / "limits.txt").write_text("beta\n")
    index.add("delta")
    (project / "python_env.yaml").write_text("dependencies: [-c limits.txt, alpha, delta]\n")

    now = sections(cli("diff", "first", project).out)
    assert cli("run", project, "-q", "--run-name", "second").code == 0
    later = sections(cli("diff", "first", "second").out)

    told = [line.replace("->", "→") for line in later["environment"]]
    assert told == ["beta 1.0 → 2.0 upgraded, through alpha", "delta 1.0 added, asked for"]
    assert len(now["environment"]) == 2
    assert cli("diff", "second", project).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("nobody", "first"), 7, "there is no run 'nobody'"),
        (("first", "second", "third"), 2, "3 runs are given"),
        (("first", "first", "-P", "x=2"), 2, "first is a run"),
        (("first", "--colour"), 2, "No such option"),
        (("first", "out.zip"), 4, "there is no bundle out.zip"),
        (("first", "http://127.0.0.1:9/x.git"), 6, "cannot be reached"),
    ],
)
def test_what_cannot_be_told_apart_is_said(
    cli: Cli, project: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    run(cli, project, "first")

    outcome = cli("diff", *arguments)

    assert outcome.code == code
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_a_failure_of_no_kind_is_not_taken_for_a_difference(cli: Cli, project: Path, home: Path) -> None:
    run(cli, project, "first")
    (plan,) = home.rglob("plan.json")
    plan.write_text("{}")

    outcome = cli("diff", "first", "first")

    assert outcome.code >= 2
    assert "altered" in outcome.err
