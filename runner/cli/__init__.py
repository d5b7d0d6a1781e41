"""The command line: one module per noun; each parses, calls, prints.

`COMMANDS` is the one lazy seam of the program: a command's module is imported when it is invoked, so that
`runner --help` imports none.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module

import click

from runner import __version__
from runner.errors import RunnerError
from runner.settings import Settings

COMMANDS: Mapping[str, str] = {
    "run": "Run an entry point of a project and record it.",
    "runs": "List, show, compare, delete recorded runs; read their logs.",
    "experiments": "List, create, rename, delete experiments.",
    "env": "List, show, remove cached environments.",
    "lock": "Resolve a project's environment and write the lock beside it.",
}


class CommandTable(click.Group):
    """Imports a command's module only when that command is invoked; `--help` imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"runner.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@dataclass(frozen=True, slots=True)
class Context:
    """What every command gets: `@click.pass_obj` hands it over."""

    settings: Settings = field(default_factory=lambda: Settings.from_environ(os.environ))


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
    try:
        cli.main(args=argv, prog_name="runner", standalone_mode=True)
    except RunnerError as error:
        if os.environ.get("RUNNER_DEBUG", "") not in {"", "0"}:
            raise
        print_error(error)
        sys.exit(error.exit_code)


def print_error(error: RunnerError) -> None:
    """`error: what is wrong`, then the other program's words, then what to do."""
    click.echo(click.style("error: ", fg="red", bold=True) + str(error), err=True)
    if error.detail:
        click.echo("".join(f"  {line}\n" for line in error.detail.splitlines()), err=True, nl=False)
    if error.hint:
        click.echo(click.style("hint: ", fg="cyan", bold=True) + error.hint, err=True)
