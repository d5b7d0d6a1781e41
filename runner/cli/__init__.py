"""The command line: one module per noun; each parses, calls, prints.

`COMMANDS` is the one lazy seam of the program: a command's module is imported when it is invoked, so that
`runner --help` imports none.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from gc import freeze, set_threshold
from importlib import import_module
from signal import SIGINT
from typing import Any

import click
from msgspec import Struct, field
from msgspec.structs import replace

from runner import __version__
from runner.cli.output import printable
from runner.errors import Interrupted, RunnerError
from runner.settings import Settings, truth

COMMANDS: Mapping[str, str] = {
    "run": "Run an entry point of a project and record it.",
    "reproduce": "Run a recorded run again, and compare the results.",
    "rerun": "Run a recorded run again with changed parts: code, packages, parameters, data.",
    "bisect": "Find the change that turned the results of one run into those of another.",
    "runs": "List, show, compare, delete recorded runs; read their logs.",
    "diff": "Tell two runs apart: code, parameters, environment, inputs, machine, results.",
    "experiments": "List, create, rename, delete experiments.",
    "schedule": "Add, list, show, change, run, export schedules, by which projects run at their times.",
    "scheduler": "Start the runs of schedules when their time has come.",
    "server": "Serve the store to mlflow clients and browsers.",
    "ui": "Look at runs in a browser.",
    "users": "Add, list, remove users of the server; grant them permissions.",
    "tokens": "Create, list, revoke tokens by which users sign in.",
    "db": "Bring the database up to date, and check it.",
    "gc": "Free what was deleted long ago, for ever.",
    "export": "Take runs, models and artifacts out: a run as a file, or everything for another tracking store.",
    "import": "Bring runs, models and artifacts in: a run from a file, or everything from another tracking store.",
    "archive": "Write runs to files with all that they need: data, packages, environment, code.",
    "sign": "Sign a run's Statement, or a bundle, with a key of your own.",
    "verify": "Look whether a bundle or a run is as it was, to the last byte.",
    "env": "List, show, explain, verify, move, remove cached environments.",
    "lock": "Resolve a project's environment and write the lock beside it.",
}


GARBAGE = 50_000  # objects between two collections: a tenth of the start goes into those that Python's 700 would begin

MODULES: Mapping[str, str] = {"import": "import_"}  # of commands whose name no module can have


class CommandTable(click.Group):
    """Imports a command's module only when that command is invoked; `--help` imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"runner.cli.{MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Ctrl-C has a code of its own: click's is 1, by which commands say that something differs, or was altered."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted(SIGINT) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class Context(Struct, frozen=True):
    """What every command gets: `@click.pass_obj` hands it over."""

    settings: Settings = field(default_factory=lambda: Settings.from_environ(os.environ))


def _use_store(ctx: click.Context, _parameter: click.Parameter, uri: str | None) -> None:
    if uri is not None:
        ctx.obj = Context(replace(ctx.obj.settings, tracking_uri=uri))


tracking_uri = click.option(
    "--tracking-uri",
    metavar="URI",
    expose_value=False,
    callback=_use_store,
    help="Store to use, for example sqlite:///runs.db, instead of the one that the settings name.",
)
"""Decorator for the commands that open the store."""


@click.command(
    cls=CommandTable, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="runner")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Run machine-learning projects in exactly their environment, and record every run."""
    ctx.obj = Context()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code: the only place that turns errors into words."""
    set_threshold(GARBAGE)
    try:
        cli.main(args=argv, prog_name="runner", standalone_mode=True)
    except (RunnerError, OSError) as error:
        if truth(os.environ, "RUNNER_DEBUG"):
            raise
        told = error if isinstance(error, RunnerError) else RunnerError(str(error))
        print_error(told)
        sys.exit(told.exit_code)
    finally:
        freeze()  # or the interpreter looks for garbage among all that there is before it ends: a tenth of a run


def print_error(error: RunnerError) -> None:
    """`error: what is wrong`, then the other program's words, then what to do."""
    click.echo(click.style("error: ", fg="red", bold=True) + printable(str(error)), err=True)
    for line in (error.detail or "").splitlines():
        click.echo(f"  {printable(line)}", err=True)
    if error.hint:
        click.echo(click.style("hint: ", fg="cyan", bold=True) + printable(error.hint), err=True)
