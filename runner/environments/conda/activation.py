"""What activating a conda environment changes: found out once, by a shell, when it is built.

variables: in the environment file, etc/conda/env_vars.d/*.json     set
etc/conda/activate.d/*.sh                                           sourced
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import EnvironmentFailed
from runner.process import Completed, ProgramFailed, ProgramMissing, capture
from runner.settings import Settings

# A person's own PATH and variables must not get into an environment that others share.
PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_OF_SHELLS = frozenset({"PATH", "PWD", "OLDPWD", "SHLVL", "_", "CONDA_SHLVL"})
_UNSET = re.compile(r"^\s*unset\s+(?:-v\s+)?([A-Za-z_]\w*(?:\s+[A-Za-z_]\w*)*)", re.MULTILINE)
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Activation:
    """The change: directories in front of PATH, variables set and unset."""

    path_entries: tuple[str, ...]
    variables: Mapping[str, str]
    unset: tuple[str, ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Activation":
        """From what `asdict` gives."""
        return cls(tuple(values["path_entries"]), values["variables"], tuple(values["unset"]))


def activated(
    prefix: Path, script: str, variables: Mapping[str, str], *, settings: Settings, turn: int
) -> Activation:
    """Activate a prefix, and see what that does.

    Args:
        variables: those of the environment file. They are there before the script runs, and are no part of it:
            it would read `$` in them.

    Raises:
        EnvironmentFailed: a script of a package fails.
    """
    bare = {"PATH": ":".join(PATH), "HOME": settings.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}
    before = {**bare, **variables}
    after = _after(script, before, turn=turn)
    path = [entry for entry in after.get("PATH", "").split(":") if entry and entry not in PATH]
    changed = {
        name: text for name, text in after.items() if bare.get(name) != text and name not in _OF_SHELLS
    }
    return Activation(tuple(dict.fromkeys(path)), changed, _unset(prefix, script, before, turn=turn))


def _unset(prefix: Path, script: str, before: Mapping[str, str], *, turn: int) -> tuple[str, ...]:
    """Which variables the scripts remove, of those that they name: told by trying."""
    named = {name for text in _scripts(prefix) for names in _UNSET.findall(text) for name in names.split()}
    named -= {*before, *_OF_SHELLS}
    if not named:
        return ()
    after = _after(script, {**before, **dict.fromkeys(named, "set")}, turn=turn)
    return tuple(sorted(named - set(after)))


def _scripts(prefix: Path) -> Iterable[str]:
    return [path.read_text("utf-8", "replace") for path in sorted(prefix.glob("etc/conda/activate.d/*.sh"))]


def _after(script: str, before: Mapping[str, str], *, turn: int) -> dict[str, str]:
    """The variables after the script. What it prints goes to standard error."""
    command = f"exec 3>&1 1>&2\n{script}\nexec /usr/bin/env -0 >&3"
    argv = ["bash", "--noprofile", "--norc", "-c", command]
    try:
        done = capture(argv, cwd=Path("/"), env=before, timeout=_SECONDS, pass_fds=(turn,))
    except ProgramMissing as error:
        raise EnvironmentFailed("conda environments are activated by bash, which is not here") from error
    except ProgramFailed as error:
        raise EnvironmentFailed(
            "the environment cannot be activated: a script of one of its packages fails",
            detail=error.detail,
        ) from error
    return _variables(done)


def _variables(done: Completed) -> dict[str, str]:
    pairs = (item.partition("=") for item in done.out.split("\0") if item)
    return {name: text for name, _, text in pairs if not name.startswith("BASH_FUNC_")}
