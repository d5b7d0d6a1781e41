"""Start-up is paid by every run: what the commands import, seen from outside."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.cli import COMMANDS
from tests.cli.containers import project
from tests.conftest import Files

NOOP = {"MLproject": "entry_points: {main: {command: 'true'}}"}
# Slow to import, and of no use to a run of a directory: measured 20 to 320 ms each over a bare interpreter.
HEAVY = {
    "alembic", "anyio", "argon2", "asyncio", "concurrent.futures", "docker", "email", "filelock", "h11", "http.client",
    "httpx", "importlib.metadata", "logging", "mlflow", "multiprocessing", "obstore", "packaging", "platformdirs", "pydantic",
    "requests", "rich", "sqlalchemy", "ssl", "starlette", "tomllib", "unittest", "urllib.request", "urllib3", "uvicorn", "virtualenv",
    "zipfile",
}  # fmt: skip
AVOIDED = HEAVY | {
    "dataclasses",
    "yaml",
}  # 15 ms and more, where there is another way: not yet in conda environments
# Runs the command line as `runner` does, then tells which modules are there.
PROBE = """
import json, sys
from runner.cli import main
try:
    main(sys.argv[2:])
finally:
    with open(sys.argv[1], "w") as file:
        json.dump(sorted(sys.modules), file)
"""

Imported = Callable[..., set[str]]


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """The modules that a command has imported when it ends."""
    variables = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}

    def ask(*arguments: str | Path) -> set[str]:
        told = tmp_path / "modules.json"
        done = subprocess.run(
            [sys.executable, "-c", PROBE, told, *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=variables,
        )
        assert done.returncode == 0, done.stderr
        return set(json.loads(told.read_text()))

    return ask


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_imports_no_command(imported: Imported, argument: str) -> None:
    ours = {name for name in imported(argument) if name.startswith("runner")}

    assert ours == {"runner", "runner.cli", "runner.cli.output", "runner.errors", "runner.settings"}


def test_a_run_imports_nothing_that_is_slow(imported: Imported, files: Files) -> None:
    demo = files(NOOP)
    imported("run", demo)  # reads what is remembered from here on

    modules = imported("run", demo, "-P", "note=x")

    assert {"runner.launch.launching", "runner.server.loopback"} <= modules
    assert modules & AVOIDED == set()
    containers = {name for name in modules if name.startswith("runner.containers.")}
    assert containers == {"runner.containers.model"}
    later = ("digests", "records", "bundles", "reproduction", "scheduling")
    assert [name for name in modules if name.startswith(tuple(f"runner.{part}" for part in later))] == []


@pytest.mark.usefixtures("engine")
def test_a_run_in_a_container_imports_nothing_that_is_slow(imported: Imported, files: Files) -> None:
    demo = files(project("true"))
    imported("run", demo)

    modules = imported("run", demo)

    assert "runner.containers.wire" in modules
    assert modules & AVOIDED == set()


def test_a_run_imports_no_other_command(imported: Imported, files: Files) -> None:
    commands = {f"runner.cli.{name}" for name in COMMANDS}

    assert imported("run", files(NOOP)) & commands == {"runner.cli.run"}


def test_the_first_run_makes_its_store_without_what_migrates_one(imported: Imported, files: Files) -> None:
    modules = imported("run", files(NOOP))

    assert "runner.tracking.database.making" in modules
    assert {"alembic", "sqlalchemy"} & modules == set()


def test_a_nested_run_from_python_imports_the_standard_library_only() -> None:
    code = (
        "import runner, sys; runner.run; "
        "print([name for name in sys.modules if name.partition('.')[0] in {'click', 'yaml', 'rich', 'obstore'}])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_layers_that_are_drawn_are_the_layers_that_are_checked() -> None:
    root = Path(__file__).parent.parent
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]

    assert "\n".join(["```text", *layers, "```"]) in (root / "docs/explanation/architecture.md").read_text()
