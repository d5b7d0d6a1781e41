"""Our errors as MLflow's clients know them: a code, an HTTP status, a JSON object.

Clients repeat a request for minutes after 429 and most of 5xx: those stand for what may pass, never for what the caller did.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException

from runner.errors import Conflict, FilterError, NotFound, RunnerError, TrackingError, Unavailable


class Malformed(TrackingError):
    """The request itself is wrong."""


class NameTaken(Conflict):
    """There is an experiment or a registered model of that name."""


class NotPermitted(TrackingError):
    """The caller's token does not reach so far."""


class NotSupported(TrackingError):
    """MLflow has this, we do not."""


class TooLarge(TrackingError):
    """More than this server takes."""


class NoRoom(TrackingError):
    """The disk is full. Clients do not repeat a request that is answered so."""


CODES: Mapping[type[BaseException], tuple[HTTPStatus, str]] = {
    NotFound: (HTTPStatus.NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
    NameTaken: (HTTPStatus.BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
    NotPermitted: (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"),
    NotSupported: (HTTPStatus.NOT_IMPLEMENTED, "NOT_IMPLEMENTED"),
    TooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_PARAMETER_VALUE"),
    NoRoom: (HTTPStatus.INSUFFICIENT_STORAGE, "RESOURCE_EXHAUSTED"),
    Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
    TrackingError: (HTTPStatus.BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
    RunnerError: (HTTPStatus.BAD_REQUEST, "BAD_REQUEST"),
}
# What the router and the guard answer by themselves.
BARE: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "ENDPOINT_NOT_FOUND",
    HTTPStatus.TOO_MANY_REQUESTS: "REQUEST_LIMIT_EXCEEDED",
    HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
}
FAILING = "the store can neither be read nor written now; the log of its server says why"


def translated(error: Exception) -> tuple[int, dict[str, object]]:
    """HTTP status and JSON object for an error."""
    match error:
        case HTTPException():
            return error.status_code, shaped(BARE.get(error.status_code, "BAD_REQUEST"), error.detail)
        case FilterError():
            where = {
                "what": error.what,
                "position": list(error.at),
                "reason": error.reason,
                "hint": error.hint or "",
            }
            told = "\n".join(part for part in (str(error), error.hint) if part)
            return HTTPStatus.BAD_REQUEST, {**shaped("INVALID_PARAMETER_VALUE", told), **where}
        case RunnerError():
            status, code = next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
            if isinstance(error, Unavailable) and error.__cause__ is not None:
                return status, shaped(code, FAILING)  # a driver's words hold paths and SQL
            parts = (str(error), error.detail, error.hint)
            return status, shaped(code, "\n".join(part for part in parts if part))
        case _:
            return HTTPStatus.INTERNAL_SERVER_ERROR, shaped("INTERNAL_ERROR", "internal error of runner")


def shaped(code: str, message: str) -> dict[str, object]:
    """The JSON object of every error."""
    return {"error_code": code, "message": message}
