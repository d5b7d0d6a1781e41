"""The errors that a user can cause: what is wrong, where, what to do. The command line prints them, never a traceback.

    RunnerError                 exit code
    ├── UsageError              2   wrong options, names, values on the command line
    ├── EnvironmentFailed       3   interpreter missing, requirements do not resolve, installation failed
    ├── InputError              4   an input (`path` or `uri` parameter) cannot be had
    ├── ProjectError            5   MLproject or a file that it names is wrong
    ├── SourceError             6   directory, repository, ref or archive cannot be had
    ├── TrackingError           7   the store refuses or cannot be reached
    │   ├── NotFound
    │   ├── Conflict
    │   ├── Unavailable
    │   └── FilterError
    └── Interrupted           128 + signal number

Errors in a project's program are no errors of ours: its exit code is passed on.
"""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct


class Location(Struct, frozen=True):
    """A place in a text file; line and column count from 1, and None means the whole file."""

    path: str | Path
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)


class RunnerError(Exception):
    """Base of all errors here.

    `message` says what is wrong, `hint` what to do about it, `where` the place in a file,
    `detail` is a longer text from another program (the resolver's explanation, the tail of a build log).
    """

    exit_code: int = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        where: Location | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(RunnerError):
    """The command line or an argument of the Python interface is wrong."""

    exit_code = 2


class EnvironmentFailed(RunnerError):
    """An environment cannot be resolved, built or found."""

    exit_code = 3


class InputError(RunnerError):
    """An input of a run cannot be had."""

    exit_code = 4


class ProjectError(RunnerError):
    """A project file is wrong."""

    exit_code = 5


class SourceError(RunnerError):
    """The project's code cannot be had."""

    exit_code = 6


class TrackingError(RunnerError):
    """The tracking store refuses a request or cannot be reached."""

    exit_code = 7


class NotFound(TrackingError):
    """No such experiment, run or artifact."""


class Conflict(TrackingError):
    """The request contradicts what is stored: a name already taken, a parameter changed."""


class Unavailable(TrackingError):
    """The store itself fails: busy for very long, full, gone, damaged. The same request may succeed later."""


class FilterError(TrackingError):
    """A filter, an order or a column cannot be read: `what` it is, and from where to where (in characters) it is wrong."""

    def __init__(
        self, message: str, at: tuple[int, int], *, what: str = "filter", hint: str | None = None
    ) -> None:
        super().__init__(f"{what}, character {at[0] + 1}: {message}", hint=hint)
        self.reason = message
        self.what = what
        self.at = at


class Interrupted(RunnerError):
    """A signal asked us to stop before there was a run to end."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"stopped by signal {signal}")
        self.exit_code = 128 + signal


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word, or None.

    >>> did_you_mean("entrypoints", ["name", "entry_points"])
    "did you mean 'entry_points'?"
    """
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is misspelt

    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
