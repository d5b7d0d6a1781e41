"""What goes wrong with a server, as our errors.

repeated      no connection, 408, 429, 500, 502, 503, 504                  Away, an Unavailable
of no use     401, 403, a redirect, TLS, answers that are not MLflow's     Denied: nothing that we send is taken
refused       every other answer of MLflow's that is an error              NotFound, Conflict, TrackingError
"""

import json
import socket
import ssl
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus

from runner.errors import Conflict, NotFound, RunnerError, TrackingError, Unavailable
from runner.tracking.remote.address import CLIENT_CERT, INSECURE, SERVER_CERT

REPEATED = frozenset({408, 429, 500, 502, 503, 504})
LONGEST = 4000  # characters of a server's message
CODES: Mapping[str, type[TrackingError]] = {
    "RESOURCE_DOES_NOT_EXIST": NotFound,
    "NOT_FOUND": NotFound,
    "RESOURCE_ALREADY_EXISTS": Conflict,
    "ALREADY_EXISTS": Conflict,
    "RESOURCE_CONFLICT": Conflict,
    "ABORTED": Conflict,
}


class Away(Unavailable):
    """The server does not answer, or asks us to come again, in `after` seconds if it says when."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        super().__init__(message, hint="is it running, and reachable from this machine?")
        self.after = after


class Denied(TrackingError):
    """The server takes nothing from us, or is no tracking server."""


def unreachable(uri: str, error: Exception) -> RunnerError:
    """Why there was no answer."""
    where = f"the tracking server at {uri}"
    match error:
        case ssl.SSLCertVerificationError():
            hint = f"{SERVER_CERT} names its authority, {INSECURE}=true trusts anybody"
            return Denied(f"{where} is not trusted: {error.verify_message}", hint=hint)
        case ssl.SSLError():
            hint = f"does it speak https, and does it ask for a certificate ({CLIENT_CERT})?"
            return Denied(f"{where} does not speak TLS with us: {error.reason or error}", hint=hint)
        case ValueError():
            return Denied(f"{where} cannot be asked: {error}")
        case TimeoutError():
            return Away(f"{where} does not answer in time")
        case socket.gaierror():
            return Away(f"{where} is not found: {error.strerror}")
        case _:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Away(f"{where} does not answer: {reason}")


def failure(uri: str, status: HTTPStatus, headers: Message, body: bytes) -> RunnerError | None:
    """What an answer means that is no good one; None: it is not MLflow's."""
    where, told = f"the tracking server at {uri}", _told(body)
    message = told.get("message") or spoken(status)
    if status in REPEATED:
        return Away(f"{where} is not ready: {message}", after=_after(headers["Retry-After"]))
    if status == HTTPStatus.UNAUTHORIZED:
        hint = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        return Denied(f"{where} does not know us: {message}", hint=hint)
    if status == HTTPStatus.FORBIDDEN:
        return Denied(f"{where} does not permit this: {message}")
    if status < HTTPStatus.BAD_REQUEST:
        there = _masked(headers["Location"] or "elsewhere")
        return Denied(f"{where} sends us to {there}", hint=f"if that is right: --tracking-uri {there}")
    if "error_code" not in told:
        return None
    first, _, rest = message.partition("\n")
    return CODES.get(told["error_code"], TrackingError)(first, detail=rest or None)


def spoken(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


def _told(body: bytes) -> dict[str, str]:
    """Code and message of an error, if it is MLflow's."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: str(found[name])[:LONGEST] for name in ("error_code", "message") if found.get(name)}


def _after(header: str | None) -> float:
    """Seconds; dates are for those who wait longer than we do."""
    return float(header) if header and header.isascii() and header.isdecimal() and len(header) < 7 else 0.0  # noqa: PLR2004


def _masked(location: str) -> str:
    scheme, mark, rest = location.partition("://")
    host, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("api/2.0/")[0]
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}".rstrip("/") if mark else location[:200]
