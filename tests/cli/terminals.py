"""The command line on a real terminal: a pseudo-terminal of a given width, with standard error apart."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress

from tests.conftest import Outcome


def on_terminal(*arguments: str, columns: int = 80, **environ: str) -> Outcome:
    """Run `runner` with its stdout on a terminal so many columns wide; NO_COLOR is unset unless given."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=subprocess.PIPE,
        env={**kept, "TERM": "xterm-256color", **environ},
    )
    os.close(slave)
    out = b""
    with suppress(OSError):  # how Linux says that the other side is closed
        while piece := os.read(master, 65536):
            out += piece
    os.close(master)
    _, err = process.communicate(timeout=30)
    return Outcome(process.returncode, out.decode().replace("\r\n", "\n"), err.decode())
