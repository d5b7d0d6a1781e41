"""Who resolves requirements and fills environments: uv, or virtualenv and pip where there is no uv."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from runner.environments.model import Interpreter


class Wanted(Struct, frozen=True, kw_only=True):
    """Requirements to resolve.

    Attributes:
        directory: where relative paths in `lines` and in the answer begin.
        refresh: nothing that the installer remembers of packages is taken for what they say now.
        as_of: as in Wishes.
    """

    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    interpreter: Interpreter
    directory: Path
    refresh: bool = False
    as_of: str | None = None


class Content(Struct, frozen=True, kw_only=True):
    """What an environment shall hold.

    Attributes:
        kind, text, pinned: as in a Lock; paths in the text are absolute.
        directory: where the installer runs, so that it finds the project's own index settings.
        logins: index URLs with user and password, which a lock does not hold; no argument list shows them.
        target: the interpreter of an image for which files are chosen; None for that of the environment.
        added: to what is there already, which stays; else it is all that the environment shall hold.
    """

    kind: str
    text: str
    pinned: bool
    directory: Path
    logins: tuple[str, ...] = ()
    target: Interpreter | None = None
    added: bool = False

    def __repr__(self) -> str:
        """Without the logins."""
        return f"Content(kind={self.kind!r}, pinned={self.pinned}, directory={self.directory})"


class Installer(Protocol):
    """Each call raises EnvironmentFailed with the tool's own explanation.

    `turn` is the descriptor of the lock under which we build; a tool that outlives us keeps holding it.
    """

    def compile(self, wanted: Wanted) -> str:
        """Resolve to the text of a pylock.toml, with hashes."""
        ...

    def create(self, prefix: Path, interpreter: Interpreter, *, turn: int) -> None:
        """Make an empty virtual environment."""
        ...

    def install(self, prefix: Path, content: Content, *, turn: int) -> None:
        """Install exactly what a lock lists, hashes checked."""
        ...

    def version(self) -> str:
        """For the record: "uv 0.8.3"."""
        ...
