"""What is written down is true: commands, options, settings and errors are in the reference, links resolve, commands run."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import click
import pytest

import runner
from runner import errors, project, settings
from runner.cli import COMMANDS, Context
from runner.cli import cli as commands
from runner.server.app import CALLS
from tests.cli.test_run import artifact
from tests.conftest import Cli, Files

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs/reference"
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "benchmarks").glob("*.md")],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
README = (ROOT / "README.md").read_text()

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SHELL_MARKS = {"|", ">", "&&", ";"}

each = pytest.mark.parametrize


class Described(NamedTuple):
    """A command as click knows it, by the words that call it."""

    words: str
    command: click.Command


def described(command: click.Command, words: str) -> Iterator[Described]:
    yield Described(words, command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from described(below, f"{words} {name}")


ALL_COMMANDS = list(described(commands, "runner"))[1:]


def section(page: str, heading: str) -> str:
    """The text from one heading to the next."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def options(command: click.Command) -> list[click.Option]:
    return [item for item in command.params if isinstance(item, click.Option) and not item.hidden]


def blocks(page: Path, language: str) -> list[str]:
    return [text for name, text in FENCE.findall(page.read_text()) if name == language]


@each("item", ALL_COMMANDS, ids=lambda item: item.words)
def test_every_command_and_every_option_has_its_place_in_the_reference(item: Described) -> None:
    text = section((REFERENCE / "command-line.md").read_text(), item.words)

    assert item.command.help
    rows = re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`(-{1,2}[\w-]+)", row)}
    assert documented == {name for option in options(item.command) for name in option.opts}


@each("item", ALL_COMMANDS, ids=lambda item: item.words)
def test_every_option_has_a_help(item: Described) -> None:
    assert [option.name for option in options(item.command) if not option.help] == []


@each("name", COMMANDS)
def test_the_command_table_says_what_the_commands_say(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)

    assert command is not None
    assert command.help
    first = {word.strip(".,;:").lower() for word in COMMANDS[name].split()}
    assert len(first & {word.strip(".,;:").lower() for word in command.help.split()}) >= len(first) / 2


@each("name", settings.VARIABLES)
def test_every_setting_is_in_the_reference(name: str) -> None:
    assert f"| `{name}` |" in (REFERENCE / "settings.md").read_text()


def test_the_reference_knows_no_setting_that_is_not_there() -> None:
    text = (REFERENCE / "settings.md").read_text().partition("## Variables of other programs")[0]

    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(settings.VARIABLES)


def test_what_a_program_finds_is_in_the_reference(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = section((REFERENCE / "settings.md").read_text(), "What a program finds")
    documented = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", text, re.MULTILINE))))
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    before = dict(os.environ)

    outcome = cli("run", files({"MLproject": "{seed: 1, entry_points: {main: {command: 'env'}}}"}))

    found = dict(line.split("=", 1) for line in outcome.out.splitlines() if "=" in line)
    ours = {name for name in found if found[name] != before.get(name)} - {"_", "PWD", "OLDPWD", "SHLVL"}
    assert ours <= documented
    assert documented - set(found) == {"RUNNER_COMMIT"}  # this project is not in Git


def test_the_calls_of_the_endpoint_are_in_the_reference() -> None:
    text = section((REFERENCE / "mlflow-compatibility.md").read_text(), "The endpoint of a run")
    rows = re.findall(r"^\| [^|]+ \| (`[a-z-]+(?:/|`).*?) \|$", text, re.MULTILINE)

    assert {call for row in rows for call in re.findall(r"`(.*?)`", row)} == {call.path for call in CALLS}


@each("name", [name for name in runner.__all__ if not name.startswith("_")])
def test_every_name_of_the_python_interface_is_in_the_reference(name: str) -> None:
    assert f"`runner.{name}`" in (REFERENCE / "python-api.md").read_text()


def error_classes() -> list[type[errors.RunnerError]]:
    found = [item for item in vars(errors).values() if isinstance(item, type)]
    return [item for item in found if issubclass(item, errors.RunnerError)]


@each("error", error_classes(), ids=lambda error: error.__name__)
def test_every_error_is_in_the_reference_with_its_exit_code(error: type[errors.RunnerError]) -> None:
    code = "128 + n" if error is errors.Interrupted else str(error.exit_code)

    assert f"| {code} | `{error.__name__}` |" in (REFERENCE / "exit-codes.md").read_text()


def anchors(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them of headings."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(page.read_text()))
    return {heading.strip().replace(" ", "-") for heading in plain}


@each("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_resolves(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text()

    for page in (ROOT / "docs").rglob("*.md"):
        assert page.parent == ROOT / "docs" or f"({page.relative_to(ROOT / 'docs')})" in index


def test_every_folder_of_the_package_is_on_the_map() -> None:
    drawn = section(README, "Map")

    for path in (ROOT / "runner").iterdir():
        if path.is_dir() and path.name != "__pycache__":
            assert f"  {path.name}/" in drawn, path.name


def console_commands() -> Iterator[str]:
    for page in PAGES:
        for block in blocks(page, "console"):
            for line in block.splitlines():
                if re.match(r"\$ (?:[A-Z_]+=\S* )*runner ", line):
                    yield line.removeprefix("$ ")


@each("line", sorted(set(console_commands())))
def test_every_command_line_in_the_documentation_is_understood(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(click, "echo", lambda *_arguments, **_options: None)
    words = shlex.split(re.sub(r"^(?:[A-Z_]+=\S* )*runner ", "", line), comments=True)

    with suppress(click.exceptions.Exit):  # --help, --version; a mistake is another exception
        parse(commands, list(takewhile(lambda word: word not in SHELL_MARKS, words)))


def parse(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Everything that click does with the words, short of calling the command."""
    with command.make_context(command.name or "", words, parent=parent, obj=Context()) as context:
        if isinstance(command, click.Group):
            rest = [*context._protected_args, *context.args]
            _name, below, rest = command.resolve_command(context, rest)
            assert below is not None
            parse(below, rest, context)


# README ----------------------------------------------------------------------------------------------------


def readme_commands() -> list[str]:
    return blocks(ROOT / "README.md", "sh")


def test_the_readme_has_exactly_two_shell_blocks_and_each_is_one_command() -> None:
    first, second = readme_commands()

    for command in (first, second):
        lines = command.rstrip("\n").split("\n")
        assert all(line.endswith("&&") for line in lines[:-1])
        subprocess.run(["bash", "-n", "-c", command], check=True)
    assert "runner run" in first
    assert "nox" in second


def test_ci_executes_the_second_command_of_the_readme(tmp_path: Path) -> None:
    place = tmp_path / "copy"
    (place / ".ci").mkdir(parents=True)
    (place / ".ci/run").write_bytes((ROOT / ".ci/run").read_bytes())
    changed = README.replace(readme_commands()[1], "pwd && echo tested\n")
    (place / "README.md").write_text(changed)

    done = subprocess.run(["bash", ".ci/run"], cwd=place, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["+ pwd && echo tested", str(place), "tested"]


def tracked_copy(place: Path) -> Path:
    """What a clone of this checkout would hold, uncommitted changes included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes((ROOT / name).read_bytes())
    return place


@pytest.mark.slow
@pytest.mark.network
def test_the_first_command_of_the_readme_installs_and_runs_the_main_job(tmp_path: Path) -> None:
    clone = tracked_copy(tmp_path / "clone")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    kept.pop("VIRTUAL_ENV", None)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", readme_commands()[0]],
        cwd=clone,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^alpha=0\.5 accuracy=0\.9", done.stdout, re.MULTILINE)
    *_, header, row = done.stdout.splitlines()
    assert header.split("\t")[:2] == ["NAME", "STATUS"]
    assert {"accuracy", "alpha"} < set(header.split("\t"))
    assert row.split("\t")[1] == "FINISHED"


# what the pages show --------------------------------------------------------------------------------------


def shown_projects() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, text in enumerate(block for block in blocks(page, "yaml") if "entry_points" in block):
            yield f"{page.stem}-{number}", text


@each("text", [pytest.param(text, id=name) for name, text in shown_projects()])
def test_every_project_file_in_the_documentation_is_one(text: str, files: Files) -> None:
    demo = files({"MLproject": text, "python_env.yaml": "python: '>=3.11'\n"})

    declared = project.load(demo)

    assert declared.entry_points
    assert list(declared.notices) == []


def test_the_project_of_the_tutorial_does_what_the_tutorial_says(cli: Cli, files: Files) -> None:
    page = ROOT / "docs/tutorial/first-run.md"
    (text,) = [block for block in blocks(page, "yaml") if "entry_points" in block]
    (line,) = [line for line in page.read_text().splitlines() if line.startswith("$ runner run . -P")]

    demo = files({"MLproject": text})
    outcome = cli("run", demo, *shlex.split(line)[4:])

    assert outcome.out == "hello you\n"
    assert "  score 0.9\n" in outcome.err


def test_the_program_with_the_mlflow_client_does_what_its_page_says(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs/how-to/record-metrics.md"
    text, program = blocks(page, "yaml")[0], blocks(page, "python")[0]
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

    outcome = cli("run", files({"MLproject": text, "train.py": program}), "-P", "alpha=0.1")
    fold, run = json.loads(cli("runs", "list", "--json").out)

    assert outcome.code == 0, outcome.err
    assert run["params"] == {"alpha": "0.1", "layers": "3"}
    assert run["metrics"]["loss"]["step"] == 2
    assert run["tags"]["stage"] == "draft"
    assert artifact(run, "notes/alpha.txt").read_text() == "alpha is 0.1"
    assert (fold["name"], fold["tags"]["mlflow.parentRunId"]) == ("fold-1", run["run_id"])


def test_the_json_that_the_documentation_shows_is_what_a_run_prints(cli: Cli, files: Files) -> None:
    (shown,) = blocks(ROOT / "docs/how-to/use-in-ci.md", "json")

    outcome = cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}"}), "--json")

    assert list(json.loads(shown)) == list(json.loads(outcome.out))


def test_the_tags_of_a_run_are_in_the_reference(cli: Cli, files: Files) -> None:
    page = (REFERENCE / "files.md").read_text()

    cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}", "python_env.yaml": ""}))
    (run,) = json.loads(cli("runs", "list", "--json").out)

    assert [tag for tag in run["tags"] if f"`{tag}`" not in page] == []


def test_the_artifacts_of_a_run_are_in_the_reference(cli: Cli, files: Files) -> None:
    page = (REFERENCE / "files.md").read_text()

    cli("run", files({"MLproject": "entry_points: {main: {command: 'echo a; echo b >&2'}}"}))
    (run,) = json.loads(cli("runs", "list", "--json").out)
    top = Path(run["artifact_uri"].removeprefix("file://"))
    kept = [path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()]

    assert len(kept) == 8
    assert [path for path in kept if f"\n{path} " not in page] == []
