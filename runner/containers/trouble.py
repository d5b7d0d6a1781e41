"""What a container engine refuses, in words for the person, without the credentials of any registry."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from runner.errors import EnvironmentFailed

START = "start it (`systemctl start docker`), or name another with DOCKER_HOST"
_USERINFO = re.compile(r"(\w://)[^/\s@\"']+@")
_WIRING = re.compile(r"^Error while fetching server API version: ")
_SIGNS = (  # in the text of an error -> what is wrong, what to do
    (
        ("Permission denied", "PermissionError"),
        "its socket may not be opened by you",
        "add yourself to the group `docker` and log in again, or name your own engine with DOCKER_HOST",
    ),
    (("FileNotFoundError", "No such file"), "there is no socket", f"install docker or podman, or {START}"),
    (("Connection refused", "ConnectionRefused"), "nobody listens there", START),
    (
        ("timed out", "Timeout"),
        "it does not answer",
        "look at its log (`journalctl -u docker`), or restart it",
    ),
    (("CERTIFICATE_VERIFY_FAILED", "TLS", "SSL"), "no secure connection", "check DOCKER_CERT_PATH"),
    (("Name or service not known", "name resolution"), "its machine is not known", "check DOCKER_HOST"),
    (("could not select device driver",), "it has no GPU to give", "install the NVIDIA container toolkit"),
    (
        ("no space left on device", "No space left"),
        "its disk is full",
        "free room with `runner env gc` or `docker system prune`",
    ),
    (
        ("no basic auth", "unauthorized", "authentication required", "denied"),
        "the registry wants a login",
        "log in with `docker login REGISTRY`; the login of the docker command is used here, too",
    ),
)


@contextmanager
def explained(said: str, *, reached: bool = True) -> Iterator[None]:
    """Errors of the SDK in the block become ours. `reached`: the engine has answered before."""
    failures = (
        import_module("docker.errors").DockerException,
        import_module("requests.exceptions").RequestException,
        import_module("urllib3.exceptions").HTTPError,
    )
    try:
        yield
    except (*failures, OSError) as error:
        raise failure(said, error, reached=reached) from error


def failure(said: str, error: BaseException, *, reached: bool = True) -> EnvironmentFailed:
    """An error of the SDK as ours."""
    text = explanation(error)
    for signs, what, hint in _SIGNS:
        if any(sign in text or sign in repr(error) for sign in signs):
            return EnvironmentFailed(f"{said}: {what}", hint=hint, detail=text if reached else None)
    return EnvironmentFailed(f"{said}: {text}")


def explanation(error: BaseException) -> str:
    """What the engine itself said; of other errors, their text."""
    text: Any = getattr(error, "explanation", None) or str(error) or type(error).__name__
    return masked(_WIRING.sub("", str(text)).strip())


def masked(text: str) -> str:
    """The text without the user and password of any URL in it."""
    return _USERINFO.sub(r"\1****@", text)
