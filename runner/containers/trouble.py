"""What a container engine refuses, in words for the person, without the credentials of any registry."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeAlias

from runner.containers.wire import Refused, TooLarge
from runner.errors import EnvironmentFailed

START = "start it (`systemctl start docker`), or name another with DOCKER_HOST"
ADDRESS = "DOCKER_HOST is unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST"
LOGIN = "log in with `docker login REGISTRY`; the login of the docker command is used here, too"
_USERINFO = re.compile(r"(\w://)[^/\s@\"']+@")
_WIRING = re.compile(r"^Error while fetching server API version: ")
Signs: TypeAlias = Sequence[tuple[Sequence[str], str, str | None]]  # in a text -> what is wrong, what to do

_UNREACHED: Signs = (
    (
        ("Permission denied", "PermissionError"),
        "its socket may not be opened by you",
        "add yourself to the group `docker` and log in again, or name your own engine with DOCKER_HOST",
    ),
    (("FileNotFoundError", "No such file"), "there is no socket", f"install docker or podman, or {START}"),
    (("Connection refused", "ConnectionRefused"), "nobody listens there", START),
    (
        ("paramiko",),
        "ssh:// needs a package that is not installed here",
        "install it beside runner: `pip install 'docker[ssh]'`",
    ),
    (
        (
            "Invalid bind address",
            "Invalid argument",
            "Invalid path",
            "path too long",
            "out of range",
            "not implemented",
        ),
        "this is no address of an engine",
        ADDRESS,
    ),
    (
        ("timed out", "Timeout"),
        "it does not answer",
        "look at its log (`journalctl -u docker`), or restart it",
    ),
    (("CERTIFICATE_VERIFY_FAILED", "TLS", "SSL"), "no secure connection", "check DOCKER_CERT_PATH"),
    (("Name or service not known", "name resolution"), "its machine is not known", "check DOCKER_HOST"),
)
_REFUSED: Signs = (
    (
        ("does not exist or may require", "requested access to the resource is denied"),
        "there is no such image, or its registry wants a login",
        f"check the name; {LOGIN}",
    ),
    (
        ("no basic auth", "unauthorized", "authentication required", "access forbidden"),
        "the registry wants a login",
        LOGIN,
    ),
    (
        ("manifest unknown", "manifest for", "No such image", "name unknown"),
        "there is no such image",
        "check its name and tag",
    ),
    (("Credentials store error", "docker-credential-"), "the login cannot be read", "check `docker login`"),
    (
        ("connection refused", "no such host", "network is unreachable", "i/o timeout", "Client.Timeout"),
        "the registry cannot be reached",
        "check the network, and the registry's name",
    ),
    (
        ("no matching manifest",),
        "it is not made for this kind of machine",
        "choose an image for this platform",
    ),
    (
        ("could not select device driver",),
        "the engine has no GPU to give",
        "install the NVIDIA container toolkit",
    ),
    (
        ("no space left on device",),
        "the engine's disk is full",
        "free room with `runner env gc` or `docker system prune`",
    ),
)


@contextmanager
def explained(said: str, *, reached: bool = True) -> Iterator[None]:
    """Errors of an engine, and of the SDK, in the block become ours. `reached`: the engine has answered before."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, (*_failures(), *(() if reached else (ValueError,)))):  # of an address
            raise
        raise failure(said, error, reached=reached) from error


def _failures() -> tuple[type[Exception], ...]:
    """What it means when an engine cannot do something; the SDK says nothing before it is imported."""
    ours = (Refused, TooLarge, OSError)
    if "docker.errors" not in sys.modules:
        return ours
    return (
        *ours,
        import_module("docker.errors").DockerException,
        import_module("requests.exceptions").RequestException,
        import_module("urllib3.exceptions").HTTPError,
    )


def failure(said: str, error: BaseException, *, reached: bool = True) -> EnvironmentFailed:
    """An error of an engine as ours."""
    if reached:
        return refusal(said, explanation(error))
    text = f"{explanation(error)} {error!r}"
    for signs, what, hint in _UNREACHED:
        if any(sign in text for sign in signs):
            return EnvironmentFailed(f"{said}: {what}", hint=hint)
    return EnvironmentFailed(f"{said}: {explanation(error)}", hint=ADDRESS)


def refusal(said: str, text: str) -> EnvironmentFailed:
    """What an engine said as our error."""
    for signs, what, hint in _REFUSED:
        if any(sign in text for sign in signs):
            return EnvironmentFailed(f"{said}: {what}", hint=hint, detail=masked(text))
    return EnvironmentFailed(f"{said}: {masked(text)}")


def explanation(error: BaseException) -> str:
    """What the engine itself said; of other errors, their text."""
    text: Any = getattr(error, "explanation", None) or str(error) or type(error).__name__
    return masked(_WIRING.sub("", str(text)).strip())


def masked(text: str) -> str:
    """The text without the user and password of any URL in it."""
    return _USERINFO.sub(r"\1****@", text)
