"""How the places of artifacts are told to clients.

kept in the store              told, if artifacts go through us     told, if clients go there themselves
file:///srv/artifacts/3/...    mlflow-artifacts:/3/...              as it is kept
s3://elsewhere/...             as it is kept: clients go there themselves
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from runner.errors import TrackingError
from runner.server.errors import Malformed
from runner.tracking.artifacts import safe, straight

PROXIED = "mlflow-artifacts:/"
OBJECT_STORES = ("s3://", "gs://", "az://", "abfs://", "abfss://", "wasbs://")


@dataclass(frozen=True, slots=True)
class Places:
    """`root` is the URI below which the store keeps artifacts; `proxied`: clients read and write them through us.

    Callers may name object stores for the artifacts of an experiment, and places below the URI `offered`.
    """

    root: str
    proxied: bool
    offered: str = ""

    def told(self, uri: str) -> str:
        """A place as clients are to know it."""
        if self.proxied and uri.startswith(f"{self.root}/"):
            return PROXIED + uri.removeprefix(f"{self.root}/")
        return uri

    def kept(self, location: str) -> str:
        """The place that a client named for the artifacts of an experiment.

        Raises:
            Malformed: a client must not name it: it would be a place on our machine.
        """
        place = f"file://{quote(location)}" if location.startswith("/") else location
        if _in_object_store(place) or self._offers(place):
            return place
        raise Malformed(
            f"Invalid value {location!r} for parameter 'artifact_location': leave it out, or name an object store",
            hint="without ? # % \\ and without empty names, . and ..",
        )

    def _offers(self, location: str) -> bool:
        start = f"{self.offered}/"
        try:
            safe(unquote(location.removeprefix(start)))
        except TrackingError:
            return False
        return bool(self.offered) and location.startswith(start)


def _in_object_store(location: str) -> bool:
    """Whether it is a place in one, written in the only way in which nothing has to be decoded to know which."""
    try:
        return location.startswith(OBJECT_STORES) and "%" not in straight(location)
    except ValueError:
        return False
