"""Which artifacts may be read: a store from elsewhere may name any file of this machine.

below the store's own directory, or the one that the person names     read there
mlflow-artifacts:/...                                                 below the one that the person names
s3://, gs://, az://, ...                                              read there, with this machine's credentials
anything else                                                         left out
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import TrackingError
from runner.tracking.artifacts import Artifacts, contained, safe
from runner.tracking.opened import ArtifactStore

PROXIED = "mlflow-artifacts:"
OBJECT_STORES = ("s3://", "gs://", "az://", "abfs://", "abfss://", "wasbs://")


@dataclass(frozen=True, slots=True)
class Places:
    """`own` is the store's directory, `named` the one (or the URI) that the person names."""

    own: Path | None = None
    named: str | None = None

    def artifacts(self, uri: str) -> ArtifactStore:
        """What is below the URI.

        Raises:
            TrackingError: it is not to be read.
        """
        if uri.startswith(OBJECT_STORES):
            return Artifacts(uri)
        if uri.startswith(PROXIED):
            return self._served(unquote(urlsplit(uri).path).strip("/"))
        path = _local(uri)
        if path is not None:
            for root in self._roots():
                if path.is_relative_to(root):
                    return Artifacts(contained(root, path.relative_to(root).as_posix()).as_uri())
        raise TrackingError(f"they are at {uri}", hint="--artifacts names the directory in which they are")

    def _served(self, path: str) -> ArtifactStore:
        if self.named is None:
            raise TrackingError(
                "they are kept by an MLflow server", hint="--artifacts names its --artifacts-destination"
            )
        return Artifacts(f"{_as_uri(self.named)}/{safe(path)}")

    def _roots(self) -> list[Path]:
        named = None if self.named is None else _local(self.named)
        return [root for root in (self.own, named) if root is not None]


def _as_uri(place: str) -> str:
    """A URI, or a path as one."""
    return (place if "://" in place else Path(place).absolute().as_uri()).rstrip("/")


def _local(uri: str) -> Path | None:
    """The path on this machine that a URI, or a plain path, names; None for another kind, and for one with `..`."""
    parts = urlsplit(uri)
    if parts.scheme not in {"", "file"} or parts.netloc not in {"", "localhost"}:
        return None
    path = Path(unquote(parts.path) if parts.scheme else uri).absolute()
    return None if ".." in path.parts else path
