"""Removes a run's container when the runner that started it died without a word (kill -9, out of memory).

Started as ``python -I -S guard.py SOCKET [CONTAINER]``, as runner/process/guard.py is. Where the engine is not at a socket of
this machine, the next command that uses it does the same, see `owners.reap`.
"""

import socket
import sys
from contextlib import suppress

PATIENCE = 30.0  # seconds for the engine's answer


def main(path: str, *containers: str) -> None:
    """Remove them."""
    for container in containers:
        with suppress(OSError):
            _remove(path, container)


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


if __name__ == "__main__":
    main(*sys.argv[1:])
