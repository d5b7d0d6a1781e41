"""Removes a run's container when the runner that started it died without a word (kill -9, out of memory).

Started as ``python -I -S guard.py SOCKET``, as runner/process/guard.py is, and told the id of the container.
Where the engine is not at a socket of this machine, the next command that uses it does the same, see `owners.reap`.
"""

import os
import signal
import socket
import sys
from contextlib import suppress

PATIENCE = 30.0  # seconds for the engine's answer


def main(path: str) -> None:
    """Wait for the runner's word, or for its end."""
    said = _listen()
    if b"done" not in said:
        for container in said:
            with suppress(OSError):
                _remove(path, container.decode())


def _remove(path: str, container: str) -> None:
    request = (
        f"DELETE /containers/{container}?force=1&v=1 HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX) as engine:
        engine.settimeout(PATIENCE)
        engine.connect(path)
        engine.sendall(request.encode())
        while engine.recv(4096):
            pass


def _listen() -> list[bytes]:
    data = b""
    while True:
        part = os.read(0, 4096)
        data += part
        if not part or b"done" in data:
            return data.split()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    main(sys.argv[1])
