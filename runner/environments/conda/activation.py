"""What activating a conda environment changes: found out once, by a shell, when it is built.

variables: in the environment file, etc/conda/env_vars.d/*.json     set
etc/conda/activate.d/*.sh                                           sourced

Others share the environment: the scripts see an empty home, in whose place each run puts the home of its person.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import EnvironmentFailed
from runner.files import remove_tree
from runner.process import Completed, ProgramFailed, ProgramMissing, capture, describe_code

# A person's own PATH and variables must not get into an environment that others share.
PATH = ("/usr/local/bin", "/usr/bin", "/bin")
_HOME = "\0"  # the person's home in what is kept: no variable can hold it otherwise
_SCRIPTS = "etc/conda/activate.d"
_STARTED = "\1"  # in front of the name of the script that is sourced now
# While a file is sourced bash leaves this trap aside, so that it tells of our own commands only.
_TELLING = (
    """trap 'case $BASH_COMMAND in ". "*) printf "\\001%s\\n" "${BASH_COMMAND##*/}" >&2;; esac' DEBUG"""
)
_OF_SHELLS = frozenset({"PATH", "PWD", "OLDPWD", "SHLVL", "_", "CONDA_SHLVL"})
_UNSET = re.compile(r"^\s*unset\s+(?:-v\s+)?([A-Za-z_]\w*(?:\s+[A-Za-z_]\w*)*)", re.MULTILINE)
_SECONDS = 60.0
_TAIL = 30  # lines


@dataclass(frozen=True, slots=True)
class Activation:
    """The change: directories in front of PATH, variables set and unset; without anybody's home."""

    path_entries: tuple[str, ...]
    variables: Mapping[str, str]
    unset: tuple[str, ...]

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, home: str) -> "Activation":
        """From what `asdict` gives, for the person whose home it is."""
        return cls(
            tuple(entry.replace(_HOME, home) for entry in values["path_entries"]),
            {name: text.replace(_HOME, home) for name, text in values["variables"].items()},
            tuple(values["unset"]),
        )


def activated(prefix: Path, script: str, variables: Mapping[str, str], *, turn: int) -> Activation:
    """Activate a prefix, and see what that does.

    Args:
        variables: those of the environment file. They are there before the script runs, and are no part of it:
            it would read `$` in them.

    Raises:
        EnvironmentFailed: a script of a package fails.
    """
    home = prefix / ".home"
    home.mkdir()
    bare = {"PATH": ":".join(PATH), "HOME": str(home), "LC_ALL": "C.UTF-8"}
    before = {**bare, **variables}
    after = _after(prefix, script, before, turn=turn)
    unset = _unset(prefix, script, before, turn=turn)
    remove_tree(home)
    told = {name: text.replace(str(home), _HOME) for name, text in after.items()}
    path = [entry for entry in told.get("PATH", "").split(":") if entry and entry not in PATH]
    changed = {
        name: text
        for name, text in told.items()
        if name in variables or (after[name] != bare.get(name) and name not in _OF_SHELLS)
    }
    return Activation(tuple(dict.fromkeys(path)), changed, unset)


def _unset(prefix: Path, script: str, before: Mapping[str, str], *, turn: int) -> tuple[str, ...]:
    """Which variables the scripts remove, of those that they name: told by trying."""
    named = {name for text in _scripts(prefix) for names in _UNSET.findall(text) for name in names.split()}
    named -= {*before, *_OF_SHELLS}
    if not named:
        return ()
    after = _after(prefix, script, {**before, **dict.fromkeys(named, "set")}, turn=turn)
    return tuple(sorted(named - set(after)))


def _scripts(prefix: Path) -> Iterable[str]:
    return [path.read_text("utf-8", "replace") for path in sorted(prefix.glob(f"{_SCRIPTS}/*.sh"))]


def _after(prefix: Path, script: str, before: Mapping[str, str], *, turn: int) -> dict[str, str]:
    """The variables after the script. What it prints goes to standard error."""
    command = f"exec 3>&1 1>&2\n{_TELLING}\n{script}\nexec /usr/bin/env -0 >&3"
    argv = ["bash", "--noprofile", "--norc", "-c", command]
    try:
        done = capture(argv, cwd=Path("/"), env=before, timeout=_SECONDS, pass_fds=(turn,))
    except ProgramMissing as error:
        raise EnvironmentFailed("conda environments are activated by bash, which is not here") from error
    except ProgramFailed as error:
        raise _failed(error.completed, prefix) from error
    return _variables(done)


def _failed(done: Completed, prefix: Path) -> EnvironmentFailed:
    lines = done.err.splitlines()
    started = [line.removeprefix(_STARTED).rstrip("\"'") for line in lines if line.startswith(_STARTED)]
    who = _owned(f"{_SCRIPTS}/{started[-1]}", prefix) if started else "its script"
    said = [line for line in lines if not line.startswith(_STARTED)]
    return EnvironmentFailed(
        f"the environment cannot be activated: {who} ended with {describe_code(done.code)}",
        detail="\n".join(said[-_TAIL:]) or None,
    )


def _owned(script: str, prefix: Path) -> str:
    """The script, and the package that it is of."""
    for path in sorted(prefix.glob("conda-meta/*.json")):
        record = json.loads(path.read_bytes())
        if script in record.get("files", ()):
            return f"{script} of {record['name']} {record['version']}"
    return script


def _variables(done: Completed) -> dict[str, str]:
    pairs = (item.partition("=") for item in done.out.split("\0") if item)
    return {name: text for name, _, text in pairs if not name.startswith("BASH_FUNC_")}
