"""A program of ours that goes on when we end: a session of its own, no input, no output but its errors, which go where ours do."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from runner.process import ProgramMissing


class Detached:
    """A program that was started so; it is waited for, lest it stays behind as a zombie while we live."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Start it.

        Raises:
            ProgramMissing: it cannot be started.
        """
        try:
            self._process = subprocess.Popen(
                list(argv),
                env=dict(env),
                cwd=os.sep,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramMissing(f"{argv[0]!r} cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it goes on."""
        return self._process.poll()
