"""Where a server is, and how we tell it who we are: from the tracking URI, MLflow's variables and its file of credentials."""

import base64
import ssl
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as Unreadable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from runner.errors import TrackingError
from runner.settings import truth

INSECURE, SERVER_CERT, CLIENT_CERT = (
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`uri` names the server without credentials and is safe to show; `prefix` is its path, without a slash at the end."""

    uri: str
    host: str
    port: int
    prefix: str = ""
    authorization: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None

    @classmethod
    def read(cls, uri: str, environ: Mapping[str, str]) -> "Address":
        """What a tracking URI and the variables mean.

        Raises:
            TrackingError: it is no address of a server, or a certificate cannot be read.
        """
        parts = _split(uri)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        shown = f"[{host}]" if ":" in host else host
        netloc = shown if parts.port is None else f"{shown}:{port}"
        prefix = parts.path.rstrip("/")
        return cls(
            uri=f"{parts.scheme}://{netloc}{prefix}",
            host=host,
            port=port,
            prefix=prefix,
            authorization=_authorization(parts, environ),
            tls=_tls(environ) if parts.scheme == "https" else None,
        )


def _split(uri: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(uri)
        plain = uri.isascii() and uri.isprintable() and " " not in uri
        if plain and parts.hostname and parts.port != 0 and not parts.query and not parts.fragment:
            return parts
    raise TrackingError(
        f"{_masked(uri)!r} is no tracking URI", hint="for a server write http://host:5000 or https://host"
    )


def _masked(uri: str) -> str:
    """What may be shown of a URI that cannot be read."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _authorization(parts: SplitResult, environ: Mapping[str, str]) -> str:
    """As MLflow's client does it: a user and password win over a token. Those of the URI win over all."""
    if parts.username is not None:
        return _basic(unquote(parts.username), unquote(parts.password or ""))
    kept = _kept()
    user = environ.get("MLFLOW_TRACKING_USERNAME") or kept.get("mlflow_tracking_username")
    password = environ.get("MLFLOW_TRACKING_PASSWORD") or kept.get("mlflow_tracking_password")
    if user and password:
        return _basic(user, password)
    token = environ.get("MLFLOW_TRACKING_TOKEN", "")
    if not (token.isprintable() and token.isascii()):
        raise TrackingError(
            "MLFLOW_TRACKING_TOKEN is no token", hint="it holds a line break, or letters beyond ASCII"
        )
    return f"Bearer {token}" if token else ""


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _kept() -> Mapping[str, str]:
    """The section of MLflow's file of credentials."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(Path("~/.mlflow/credentials").expanduser(), encoding="utf-8")
    except (Unreadable, OSError, RuntimeError, UnicodeDecodeError):
        return {}
    return dict(parser["mlflow"]) if parser.has_section("mlflow") else {}


def _tls(environ: Mapping[str, str]) -> ssl.SSLContext:
    insecure, server = truth(environ, INSECURE), environ.get(SERVER_CERT)
    if insecure and server:
        raise TrackingError(f"{INSECURE} and {SERVER_CERT} contradict each other", hint="unset one of them")
    authorities = Path(server) if server else None
    try:
        context = ssl.create_default_context(
            cafile=str(authorities) if authorities and not authorities.is_dir() else None,
            capath=str(authorities) if authorities and authorities.is_dir() else None,
        )
        if certificate := environ.get(CLIENT_CERT):
            context.load_cert_chain(certificate)
    except OSError as error:  # ssl's errors are among them
        named = ", ".join(
            f"{name}={environ[name]}" for name in (SERVER_CERT, CLIENT_CERT) if environ.get(name)
        )
        raise TrackingError(
            f"a certificate cannot be read: {error.strerror or error}", hint=named or None
        ) from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
