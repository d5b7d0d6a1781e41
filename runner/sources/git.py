"""Running git: in which environment, with whose credentials, and what its failures mean."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import SourceError
from runner.process import Completed, ProgramFailed, ProgramMissing, capture
from runner.settings import Settings
from runner.sources.address import scheme
from runner.sources.model import GitSource, Login

# `git rev-parse --local-env-vars`, without the configuration: set where a hook calls us, they would redirect every call
_OF_ANOTHER_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIR", "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    }
)  # fmt: skip
_Configuration: TypeAlias = tuple[tuple[str, str], ...]
_CONFIGURATION: _Configuration = (
    ("core.fsmonitor", "false"),  # a program that the repository names
    ("core.hooksPath", os.devnull),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.unpackLimit", "1"),  # a pack appears whole; loose objects of a killed fetch would have gaps
    ("gc.auto", "0"),  # mirrors keep what no ref holds; and a background process would hold our lock
    ("maintenance.auto", "false"),
)
# Answers git with the login of one URL from two variables: it never stands in an argument list, where every user
# of the machine could read it, and git asks it for the URL's own host only, so that a redirect learns nothing.
_LOGIN_HELPER = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$RUNNER_GIT_USER" "$RUNNER_GIT_PASSWORD"; }; f'


class Refused(SourceError):
    """The server does not hand out this object, or has no such ref: another way of asking may do."""


class Git(Struct, frozen=True, kw_only=True):
    """How to call git for one repository.

    Attributes:
        url: for messages; without credentials.
        environ: of every call.
        directory: the bare repository to work on, None for none.
        working_copy: the directory to work in, which is only read.
    """

    url: str
    environ: Mapping[str, str]
    directory: Path | None = None
    working_copy: Path | None = None

    def __repr__(self) -> str:
        """Without the environment: it may hold a login."""
        return f"Git(url={self.url!r}, directory={self.directory}, working_copy={self.working_copy})"

    def __call__(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as process.capture calls it
        variables: Mapping[str, str] | None = None,
        lock: int | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Run git and return its output.

        Args:
            arguments: after `git`.
            input: its standard input.
            variables: added to the environment.
            lock: descriptor of the lock that git shall hold as long as it writes, even when we die.
            on_line: gets its messages as they come.

        Raises:
            SourceError: it failed; Refused where only this way of asking did.
        """
        where: tuple[str, ...] = () if self.directory is None else (f"--git-dir={self.directory}",)
        if self.working_copy is not None:
            where += ("-C", str(self.working_copy), "--no-optional-locks")
        try:
            return capture(
                ("git", *where, *arguments),
                env={**self.environ, **(variables or {})},
                input=input,
                pass_fds=() if lock is None else (lock,),
                on_line=on_line,
            ).out
        except ProgramMissing as error:
            raise SourceError(
                "a Git source needs the program git, and it is not on PATH", hint="install git"
            ) from error
        except ProgramFailed as error:
            raise explain(error.completed, self.url) from error

    def configured(self, *pairs: tuple[str, str]) -> "Git":
        """The same with more configuration."""
        return replace(self, environ={**self.environ, **_as_variables(pairs, first=_count(self.environ))})


def git_for(source: GitSource, *, settings: Settings, directory: Path | None = None) -> Git:
    """How to call git for `source`."""
    return Git(url=source.url, environ=environment(settings, source.url, source.login), directory=directory)


def environment(settings: Settings, url: str = "", login: Login | None = None) -> dict[str, str]:
    """Environment of git: the user's own, without questions, with untranslated messages.

    The user's credential helpers, ssh agent, proxies and certificates stay in force.
    """
    environ = {name: text for name, text in settings.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    configuration = _CONFIGURATION
    if login and scheme(url) in {"http", "https"}:
        configuration += _login(url, login)
        environ |= {"RUNNER_GIT_USER": login.user, "RUNNER_GIT_PASSWORD": login.password or ""}
    if (scheme(url) or "ssh") == "ssh" and not {"GIT_SSH", "GIT_SSH_COMMAND"} & environ.keys():
        environ["GIT_SSH_COMMAND"] = f"{_ssh_command(environ)} -o BatchMode=yes"
    return environ | {
        "GIT_TERMINAL_PROMPT": "0",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
        "LANGUAGE": "",
        **_as_variables(configuration, first=_count(environ)),
    }


def _login(url: str, login: Login) -> _Configuration:
    host = "/".join(url.split("/", 3)[:3])
    if login.password is None:
        return ((f"credential.{host}.username", login.user),)
    return (
        (f"credential.{host}.helper", ""),
        (f"credential.{host}.helper", _LOGIN_HELPER),
    )  # "" forgets others


def _as_variables(configuration: _Configuration, *, first: int) -> dict[str, str]:
    """`GIT_CONFIG_COUNT` and its pairs, numbered after those of the user."""
    variables = {"GIT_CONFIG_COUNT": str(first + len(configuration))}
    for number, (key, value) in enumerate(configuration, first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _count(environ: Mapping[str, str]) -> int:
    text = environ.get("GIT_CONFIG_COUNT", "")
    return int(text) if text.isdecimal() else 0


def _ssh_command(environ: Mapping[str, str]) -> str:
    """What the user configured; the variable that we set would win over it."""
    try:
        return capture(("git", "config", "core.sshCommand"), env=environ, check=False).out.strip() or "ssh"
    except ProgramMissing:
        return "ssh"


class _Meaning(NamedTuple):
    pattern: str
    message: str
    hint: str
    kind: type[SourceError] = SourceError


# Words of git, curl and ssh, first match wins. Refusals last: an ssh failure mentions the repository as well.
_MEANINGS = (
    _Meaning(
        r"(external|smudge) filter .* failed|git-lfs",
        "{url}: the files that it keeps in Git LFS cannot be had",
        "`git lfs fetch` must work without questions in a clone of it",
    ),
    _Meaning(
        r"detected dubious ownership|unsafe repository",
        "Git does not trust {url}: the repository belongs to another user",
        "if you trust it: git config --global --add safe.directory <its path>",
    ),
    _Meaning(
        r"authentication failed|could not read (username|password)|terminal prompts disabled|permission denied"
        r" \(|invalid credentials|returned error: 40[13]",
        "{url} wants a login, or refuses yours",
        "log in with your credential helper or ssh agent; `git ls-remote {url}` must work without questions",
    ),
    _Meaning(
        r"host key verification failed",
        "{url}: the host is unknown to ssh",
        "connect once with ssh to accept its key",
    ),
    _Meaning(
        r"could not resolve host|unable to look up|name or service not known|nodename nor servname",
        "{url}: there is no such host, or no network",
        "check the address; a full commit id that was run before needs no network",
    ),
    _Meaning(
        r"failed to connect|unable to connect|connection (refused|timed out|reset|closed)|network is unreachable"
        r"|no route to host|couldn't connect|operation timed out|early eof|hung up unexpectedly",
        "{url} cannot be reached",
        "check the address and the network; a full commit id that was run before needs no network",
    ),
    _Meaning(
        r"ssl certificate|certificate verify|server certificate",
        "{url}: its certificate is not trusted",
        "see `git help config`, http.sslCAInfo",
    ),
    _Meaning(
        r"transport '[^']*' not allowed",
        "{url}: git does not allow this kind of address here",
        "a submodule may not point into the local file system; see `git help config`, protocol.allow",
    ),
    _Meaning(
        r"no space left on device|disk quota exceeded|unable to write (file|new index|sha1)|write error",
        "the files of {url} cannot be written: the disk may be full",
        "`runner env gc` frees cache space",
    ),
    _Meaning(
        r"not our ref|unadvertised object|no such remote ref|couldn't find remote ref|upload-pack: not our",
        "{url} does not hand out what was asked for",
        "check that the commit was pushed",
        Refused,
    ),
    _Meaning(
        r"repository '?.*'? ?not found|does not appear to be a git repository|not found: did you run|access denied or"
        r" repository not exported|returned error: 404|no such file or directory|not valid: is this a git",
        "there is no Git repository at {url}, or you may not see it",
        "check the address; private repositories need a login",
    ),
)  # fmt: skip


def explain(completed: Completed, url: str) -> SourceError:
    """What a failed git call means for the person who gave `url`."""
    words = "\n".join(line for line in completed.err.splitlines() if not re.search(_PROGRESS, line)).strip()
    for meaning in _MEANINGS:
        if re.search(meaning.pattern, words, re.IGNORECASE):
            return meaning.kind(
                meaning.message.format(url=url), hint=meaning.hint.format(url=url), detail=_tail(words)
            )
    return SourceError(f"git failed on {url}", detail=_tail(words) or f"it ended with code {completed.code}")


_PROGRESS = r"\d+% \(\d+/\d+\)|, done\.$|^remote: Total "


def _tail(words: str) -> str:
    return "\n".join(words.splitlines()[-10:])
