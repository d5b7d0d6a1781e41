"""The API of an engine elsewhere (tcp://, TLS, ssh://) by the session of the SDK, as wire.py is for a socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from runner.containers.wire import Answer, Call, Output, TooLarge, checked

_PIECE = 1 << 16  # bytes


class Session(Struct, frozen=True):
    """`api` is the SDK's client of the API."""

    api: Any

    def ask(self, call: Call) -> Answer:
        """See `Wire.ask`."""
        with self.api.request(
            call.method,
            f"{self.api.base_url}/v{self.api.api_version}{call.target}",
            data=call.body,
            headers={"Content-Type": call.kind},
            timeout=call.patience,
            stream=True,
        ) as response:
            content = b""
            for piece in response.iter_content(_PIECE):
                content += piece
                if call.most is not None and len(content) > call.most:
                    raise TooLarge(call.target)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return checked(Answer(response.status_code, headers, content))

    @contextmanager
    def attached(self, container: str) -> Iterator[Iterator[Output]]:
        """See `Wire.attached`."""
        stream = self.api.attach(container, stdout=True, stderr=True, stream=True, demux=True)
        try:
            yield _apart(stream)
        finally:
            stream._response.close()  # noqa: SLF001 - its own close() leaves the descriptor open


def _apart(stream: Any) -> Iterator[Output]:
    for out, err in stream:
        if out:
            yield "stdout", out
        if err:
            yield "stderr", err
