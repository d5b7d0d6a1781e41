"""What a request says about its caller, as MLflow's clients send it.

Authorization: Basic user:password      MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD
Authorization: Basic user:token         the same, with a token of that user as password
Authorization: Bearer token             MLFLOW_TRACKING_TOKEN
"""

import base64
import binascii
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings. `user` is "" with a token alone."""

    user: str
    secret: str


def parsed(authorization: str) -> Credentials | None:
    """The credentials of the header, if it is of a kind that we know."""
    kind, _, value = authorization.partition(" ")
    match kind.lower():
        case "bearer":
            return Credentials("", value.strip())
        case "basic":
            return _of_user(value.strip())
        case _:
            return None


def _of_user(encoded: str) -> Credentials | None:
    try:
        name, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return Credentials(name, secret) if colon and name and "\0" not in name else None
