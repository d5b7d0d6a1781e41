"""Our side of the worker: a question, its answer, and what goes wrong in words for the person."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from runner.environments import trouble
from runner.environments.conda.channels import mistaken, public
from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed, capture, describe_code
from runner.progress import Phase
from runner.settings import Settings

WORKER = Path(__file__).with_name("worker.py")

# Class of rattler's error, or of the worker's own: what it means, and what to do about it.
_FAILURES: Mapping[str, tuple[str, str | None]] = {
    "SolverError": (
        "the conda packages cannot be had together",
        "relax one of the versions named above, or add the channel that has the package",
    ),
    "InvalidMatchSpecError": (
        "a package is not written as conda understands it",
        "write it as `name`, `name=1.2`, `name>=1.2,<2` or `name=1.2=build`",
    ),
    "InvalidChannelError": ("a channel is not written as conda understands it", "give its name or its URL"),
    "GatewayError": ("a channel cannot be read", "check the name of the channel, and the network"),
    "FetchRepoDataError": ("a channel cannot be read", "check the name of the channel, and the network"),
    "ConfigError": ("the configuration of rattler is wrong", "correct the file that is named above"),
    "WrongHash": (
        "a package is not the one that is locked: its hash is another",
        "if its channel replaced the file, lock anew; else somebody has changed it",
    ),
    "NotCached": ("not in the package cache", None),
    "ParseSubdirError": (
        "there is no such platform",
        'platforms are "linux-64", "linux-aarch64", "osx-arm64" and the like',
    ),
    "InstallerError": ("the conda packages cannot be installed", None),
}
_TAIL = 20  # lines
_HINTS = (  # words of rattler, the first that is said wins
    (
        ("longer than the placeholder",),
        "the cache's path is too long: set RUNNER_CACHE to a directory with a shorter path",
    ),
    (
        ("401 Unauthorized", "403 Forbidden"),
        "the channel wants a login: write its URL as https://${USER}:${PASSWORD}@host/channel, or use ~/.netrc",
    ),
    (
        ("Permission denied", "Read-only file system"),
        "the cache cannot be written: set RUNNER_CACHE to a directory that can be",
    ),
    (
        ("uploaded after the cutoff date",),
        "at that time there was no version that fits: give --as-of a later date",
    ),
    (
        ("dns error", "Connection refused", "Network is unreachable", "timed out", "operation timed out"),
        "the channel cannot be reached: check its address, the network and the proxy",
    ),
)
_OFFLINE = "RUNNER_OFFLINE is set: only what is in the package cache can be used; unset it for this run"


def ask(
    job: str,
    request: Mapping[str, Any],
    *,
    settings: Settings,
    phase: Phase,
    channels: Iterable[str] = (),
    turn: int | None = None,
) -> Any:
    """Have the worker do a job.

    Args:
        channels: URLs of channels with their logins, for requests to them; nothing keeps or shows them.
        turn: descriptor of the lock under which we build, which the worker goes on to hold should we die.

    Raises:
        EnvironmentFailed: it cannot be done.
    """
    logins = {public(url): url for url in channels if "://" in url and public(url) != url}
    asked = [*request.get("channels", ()), *(item["url"] for item in request.get("packages", ()))]
    if wrong := mistaken(logins, asked):
        raise EnvironmentFailed(
            f"{wrong[0]} would get the login of {wrong[1]}, which is at another port",
            hint="use one of the two, or write their logins into ~/.netrc; if a lock names it, ask who made that lock",
        )
    question = {"job": job, "offline": settings.offline, "logins": logins, **request}

    def tell(line: str) -> None:
        phase.update(hidden(line, logins))
        phase.hear(phase.doing)

    try:
        done = capture(
            [sys.executable, "-P", WORKER],
            env={name: text for name, text in settings.environ.items() if name != "RUST_LOG"},
            input=json.dumps(question),
            pass_fds=() if turn is None else (turn,),
            on_line=tell,
        )
        answer = json.loads(done.out)
    except ProgramFailed as error:
        how = describe_code(error.completed.code)
        last_words = "\n".join(hidden(error.completed.err, logins).splitlines()[-_TAIL:])
        raise _failed(f"the worker for conda packages ended with {how}", last_words, settings) from None
    if "failed" in answer:
        kind = answer["failed"] if answer["failed"] in _FAILURES else f"conda packages: {answer['failed']}"
        raise _failed(kind, hidden(answer["text"], logins), settings)
    return answer["answer"]


def hidden(text: str, logins: Mapping[str, str]) -> str:
    """The text without anything of a login."""
    for url in logins.values():
        parts = urlsplit(url)
        secrets = [parts.netloc.rpartition("@")[0], parts.password or "", unquote(parts.password or "")]
        if "/t/" in parts.path:
            secrets.append(parts.path.partition("/t/")[2].partition("/")[0])
        for secret in filter(None, secrets):
            text = text.replace(secret, "****")
    return trouble.masked(text)


def _failed(kind: str, text: str, settings: Settings) -> EnvironmentFailed:
    """`kind` is the class of an error that we know, or says itself what is wrong."""
    if any(sign in text for sign in trouble.DISK_FULL):
        return trouble.disk_full(settings, text)
    if "hash mismatch" in text:
        kind = "WrongHash"
    message, hint = _FAILURES.get(kind, (kind, None))
    if settings.offline and kind not in {"SolverError", "WrongHash"}:
        hint = _OFFLINE
    else:
        hint = next((said for signs, said in _HINTS if any(sign in text for sign in signs)), hint)
    return EnvironmentFailed(message, detail=text.strip() or None, hint=hint)
