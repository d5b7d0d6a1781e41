"""Where things are and how we behave: the only reader of environment variables.

Made once at the edge (`Settings.from_environ(os.environ)`) and passed on; nothing else looks at the environment.
Each variable is documented in docs/reference/settings.md, which a test compares with `VARIABLES`.
"""

import getpass
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import overload

from msgspec import Struct

from runner.errors import UsageError

VARIABLES: Mapping[str, str] = {
    "RUNNER_HOME": "directory that holds the store, the artifacts and the cache",
    "RUNNER_CACHE": "directory of environments, Git mirrors and downloads; default: `cache` below RUNNER_HOME",
    "RUNNER_CACHE_LIMIT": "size (20GB) below which the cache is kept after each build; default: no limit",
    "RUNNER_CAPTURE_LIMIT": "size up to which code that nobody else has is kept with a run; default 50MB",
    "RUNNER_ARTIFACT_ROOT": "directory or URI below which the artifacts of new experiments go, for example"
    " s3://bucket/prefix; default: `artifacts` below RUNNER_HOME",
    "RUNNER_LARGEST_ARTIFACT": "bytes of the largest artifact that `runner server` takes; default 5 TiB",
    "RUNNER_TRACKING_URI": "tracking store, for example sqlite:///runs.db; wins over MLFLOW_TRACKING_URI",
    "RUNNER_ENV_MANAGER": "environment to use when the command line does not say: auto, local or virtualenv",
    "RUNNER_OFFLINE": "1: never use the network; what is not in the cache is an error",
    "RUNNER_SEED": "seed of a run that has none of its own; a program finds its seed there",
    "RUNNER_REUSE": "1: as if each run was started with --reuse; 0: no run is reused, whatever is asked for",
    "RUNNER_KEY_PASSPHRASE": "passphrase of the private key with which `runner sign` signs, or which it makes",
    "RUNNER_UV": "path of the uv to use; `none` builds environments with virtualenv and pip",
    "RUNNER_LEASE_SECONDS": "a run whose process has been silent for so long counts as lost; default 30",
    "RUNNER_SPOOL_SECONDS": "how long a run waits at its end for a server that does not answer; default 300",
    "MLFLOW_TRACKING_URI": "tracking store, as MLflow reads it",
    "MLFLOW_TRACKING_USERNAME": "user name for a tracking server",
    "MLFLOW_TRACKING_PASSWORD": "password for a tracking server",
    "MLFLOW_TRACKING_TOKEN": "token for a tracking server, where there is no user name and password",
    "MLFLOW_TRACKING_INSECURE_TLS": "true: do not check the certificate of a tracking server",
    "MLFLOW_TRACKING_SERVER_CERT_PATH": "file or directory of authorities for the certificate of a tracking server",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH": "file with a certificate and its key, for a tracking server that asks for one",
    "MLFLOW_EXPERIMENT_NAME": "experiment to record in",
    "MLFLOW_EXPERIMENT_ID": "experiment to record in; wins over the name",
    "RUNNER_RUN_ID": "the run inside which we are called: it becomes the parent; wins over MLFLOW_RUN_ID",
    "MLFLOW_RUN_ID": "the same, as MLflow has it; its client removes the variable once it has read it",
    "NO_COLOR": "anything: no colours",
    "RUNNER_DEBUG": "1: show tracebacks",
}

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of one process. `environ` is what child processes inherit."""

    home: Path
    cache: Path
    tracking_uri: str
    artifact_root: str  # a URI
    cache_limit: int | None = None  # bytes
    capture_limit: int = 50 * 10**6  # bytes
    env_manager: str = "auto"
    offline: bool = False
    uv: str | None = None
    seed: int | None = None
    reuse: bool | None = None
    lease_seconds: float = 30.0
    spool_seconds: float = 300.0
    largest_artifact: int = 5 * 1024**4
    experiment_name: str | None = None
    experiment_id: str | None = None
    parent_run_id: str | None = None
    key_passphrase: str | None = None
    environ: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Without what may be secret."""
        return f"Settings(home={self.home}, cache={self.cache})"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read VARIABLES from `environ`.

        Raises:
            UsageError: a value cannot be understood.
        """
        home = Path(environ.get("RUNNER_HOME") or _usual_home()).expanduser().absolute()
        return cls(
            home=home,
            cache=Path(environ.get("RUNNER_CACHE") or home / "cache").expanduser().absolute(),
            tracking_uri=environ.get("RUNNER_TRACKING_URI")
            or environ.get("MLFLOW_TRACKING_URI")
            or f"sqlite:///{home / 'runner.db'}",
            cache_limit=_size(environ, "RUNNER_CACHE_LIMIT"),
            capture_limit=_size(environ, "RUNNER_CAPTURE_LIMIT", 50 * 10**6),
            artifact_root=place_uri(environ.get("RUNNER_ARTIFACT_ROOT") or str(home / "artifacts")),
            env_manager=environ.get("RUNNER_ENV_MANAGER") or "auto",
            offline=truth(environ, "RUNNER_OFFLINE"),
            uv=environ.get("RUNNER_UV") or None,
            seed=_seed(environ),
            reuse=truth(environ, "RUNNER_REUSE") if environ.get("RUNNER_REUSE") else None,
            lease_seconds=_seconds(environ, "RUNNER_LEASE_SECONDS", 30.0),
            spool_seconds=_seconds(environ, "RUNNER_SPOOL_SECONDS", 300.0),
            largest_artifact=_bytes(environ, "RUNNER_LARGEST_ARTIFACT", 5 * 1024**4),
            experiment_name=environ.get("MLFLOW_EXPERIMENT_NAME") or None,
            experiment_id=environ.get("MLFLOW_EXPERIMENT_ID") or None,
            parent_run_id=environ.get("RUNNER_RUN_ID") or environ.get("MLFLOW_RUN_ID") or None,
            key_passphrase=environ.get("RUNNER_KEY_PASSPHRASE") or None,
            environ=dict(environ),
        )

    @property
    def user(self) -> str:
        """The login name, as MLflow records it."""
        try:
            return getpass.getuser()
        except (OSError, KeyError):
            return "unknown"


def place_uri(place: str) -> str:
    """The URI of a directory, or of what is one already."""
    return place.rstrip("/") if "://" in place else Path(place).expanduser().absolute().as_uri()


def _usual_home() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 - not where RUNNER_HOME says it

    return user_data_path("runner")


def truth(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() not in {"", "0", "false", "no", "off"}


def read_size(text: str) -> int:
    """Bytes from a text like "10GB".

    Raises:
        UsageError: no size.
    """
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgt]?)i?b?", text.strip().lower(), re.ASCII)
    if not found:
        raise UsageError(f"{text!r} is no size", hint="write for example 500MB or 10GB")
    return int(float(found[1]) * _UNITS[found[2]])


@overload
def _size(environ: Mapping[str, str], name: str) -> int | None: ...


@overload
def _size(environ: Mapping[str, str], name: str, default: int) -> int: ...


def _size(environ: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    text = environ.get(name)
    try:
        return read_size(text) if text else default
    except UsageError as error:
        raise UsageError(f"{name}={error.message}", hint=f"unset it, or set {name}=20GB") from error


def _bytes(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # noqa: PLR2004 - 64 bits
        raise UsageError(f"{name}={text!r} is no number of bytes", hint=f"unset it, or set {name}={default}")
    return int(text)


def _seed(environ: Mapping[str, str]) -> int | None:
    text = environ.get("RUNNER_SEED")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text[:11]) < 2**32):
        raise UsageError(
            f"RUNNER_SEED={text!r} is no number from 0 to {2**32 - 1}", hint="unset it, or set RUNNER_SEED=42"
        )
    return int(text)


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name)
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise UsageError(
            f"{name}={text!r} is no number of seconds", hint=f"unset it, or set {name}={default:g}"
        )
    return seconds
