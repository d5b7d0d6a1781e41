"""What a run looks like while it goes on: few lines on standard error, each with its time; the program's output untouched.

✓ Project      churn, entry point train                  git main 8f3c21e9ab
✓ Environment  virtualenv, Python 3.11.7, 12 packages    cached, 0.1 s
● Run          amber-falcon-212                          4f2a91c0
...
✓ Finished     amber-falcon-212                          3.2 s
  rmse 0.7931   r2 0.1087

or, in the place of the last lines, `✓ Reused  amber-falcon-212` with the metrics that it has.
"""

import json
import os
import select
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TextIO

import click
from msgspec import Struct, field

from runner.cli.output import printable
from runner.errors import Interrupted, RunnerError
from runner.launch import Effect, Result
from runner.progress import Event, Message, Phase
from runner.tracking.model import Run, RunStatus

NAMES: Mapping[str, str] = {
    "project": "Project",
    "environment": "Environment",
    "inputs": "Inputs",
}  # the rest is silent
EFFECTS: Mapping[Effect, str] = {
    "stopping": "stopping; once more to kill",
    "killing": "killing",
    "closing": "closing the run",
}
SLOW = 0.5  # seconds after which a silent phase is worth a line


class Terminal(Struct):
    """Listens to progress and prints it on `stream`; there, on a terminal, the last line is rewritten while work goes on.

    `output` is the file descriptor for the program's standard output. `announce` is a file that gets a line of JSON
    with the id of the new run, and one with its status at the end, for the process that started us from Python.
    """

    quiet: bool = False
    output: int = 1
    announce: Path | None = None
    stream: TextIO = field(default_factory=lambda: sys.stderr or open(os.devnull, "w"))  # noqa: PTH123, SIM115
    _line: bool = False

    def __call__(self, event: Event) -> None:
        match event:
            case Message():
                self._message(event)
            case ("finished", phase):
                self._finished(phase)
            case ("started" | "changed", phase):
                self._doing(phase)

    def created(self, run: Run) -> None:
        """The run has an id now."""
        self._announce(run_id=run.id, name=run.name, status=RunStatus.RUNNING.value)
        self._row("●" if self._unicode else "*", "Run", run.name, run.id, colour="cyan")

    def failed(self, error: RunnerError) -> None:
        """It did not come to an end of the program. What went wrong is told elsewhere."""
        killed = isinstance(error, Interrupted)
        self._announce(status=(RunStatus.KILLED if killed else RunStatus.FAILED).value)
        self._clear()

    def echo(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        """Pass a piece of the program's output on as it is. Whoever read ours may be gone: the run goes on."""
        descriptor = self.output if stream == "stdout" else 2
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(descriptor, view) :]
            except BlockingIOError:  # somebody who shares it has made it so
                select.select([], [descriptor], [])
            except OSError:
                return

    def stopping(self, effect: Effect) -> None:
        """A signal came in."""
        if not self.quiet:
            self._say(click.style(EFFECTS[effect], fg="yellow"))

    def ended(self, result: Result) -> None:
        """How it went."""
        if result.reused:
            self._announce(run_id=result.run.id, name=result.run.name, reused="true")
        self._announce(status=result.status.value)
        good = result.status is RunStatus.FINISHED
        detail = f"{result.seconds:.1f} s" if good else f"exit code {result.code}, {result.seconds:.1f} s"
        self._row(
            self._mark(good),
            "Reused" if result.reused else result.status.value.capitalize(),
            result.run.name,
            result.run.id if result.reused else detail,
            colour="green" if good else "red",
        )
        values = [f"{key} {metric.value:.6g}" for key, metric in result.run.metrics.items()]
        if values and not self.quiet:
            shown = "   ".join(values[:8]) + (f"   and {len(values) - 8} more" if len(values) > 8 else "")  # noqa: PLR2004
            self._say(f"  {printable(shown)}")

    def _announce(self, **facts: str) -> None:
        if self.announce is not None:
            with self.announce.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")

    def _finished(self, phase: Phase) -> None:
        self._clear()  # also where there is nothing to say
        if (
            phase.failed
            or (phase.name not in NAMES and phase.seconds < SLOW)
            or phase.name in {"run", "results"}
        ):
            return
        took = f"{phase.seconds:.1f} s" if phase.seconds >= 0.05 else ""  # noqa: PLR2004
        detail = ", ".join(part for part in (phase.detail, took) if part)
        self._row(
            self._mark(good=True),
            NAMES.get(phase.name, phase.name.capitalize()),
            phase.summary,
            detail,
            colour="green",
        )

    def _doing(self, phase: Phase) -> None:
        if self.quiet or not self.stream.isatty() or phase.name == "run":
            return
        text = printable(f"  {NAMES.get(phase.name, phase.name.capitalize()):<12} {phase.doing}")
        width = shutil.get_terminal_size().columns - 1
        self._say(text[:width], newline=False)
        self._line = True

    def _message(self, message: Message) -> None:
        if message.level == "notice" and self.quiet:
            return
        word = click.style("warning: ", fg="yellow", bold=True) if message.level == "warning" else "note: "
        hint = f" ({message.hint})" if message.hint else ""
        self._say(word + printable(message.text + hint))

    def _row(self, mark: str, title: str, summary: str, detail: str, *, colour: str) -> None:
        if not self.quiet:
            start = click.style(mark, fg=colour)
            self._say(f"{start} {title:<12} {printable(summary):<40} {printable(detail)}".rstrip())

    def _say(self, text: str, *, newline: bool = True) -> None:
        """Print a line, instead of the one that was being rewritten. Nobody may be reading: the run goes on all the same."""
        with suppress(OSError, ValueError):
            self._clear()
            click.echo(text, file=self.stream, nl=newline)

    def _clear(self) -> None:
        if self._line:
            self._line = False
            with suppress(OSError, ValueError):
                click.echo("\r\x1b[K", file=self.stream, nl=False)

    def _mark(self, good: bool) -> str:
        return ("✓" if good else "✗") if self._unicode else ("+" if good else "x")

    @property
    def _unicode(self) -> bool:
        return (self.stream.encoding or "").lower().replace("-", "") == "utf8"
