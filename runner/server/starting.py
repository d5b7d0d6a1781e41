"""What starts runs for those who ask for it in the UI: processes of `runner`, made by whoever made the server."""

from collections.abc import Sequence
from typing import Protocol


class Started(Protocol):
    """A process that was started here."""

    @property
    def id(self) -> str: ...

    @property
    def arguments(self) -> Sequence[str]: ...

    @property
    def user(self) -> str: ...

    @property
    def began(self) -> int: ...

    @property
    def run_id(self) -> str | None:
        """Of the run that it makes, once there is one."""
        ...

    @property
    def code(self) -> int | None:
        """Its exit code; None while it goes on."""
        ...

    @property
    def tail(self) -> str:
        """The end of what it said on standard error."""
        ...

    def stop(self) -> None:
        """Ask it to end; the second time kills. Returns at once."""
        ...


class Starting(Protocol):
    """Starts `runner` with arguments; the command line has it, for the server knows nothing of launching."""

    def start(self, arguments: Sequence[str], *, user: str) -> Started:
        """
        Raises:
            Unavailable: as many as may run at once do.
        """
        ...

    def all(self) -> Sequence[Started]:
        """Those that run, and those that have ended lately; newest first."""
        ...
