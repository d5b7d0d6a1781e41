"""Object stores, opened. Imported when one is needed, see artifacts.py."""

from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.store import MemoryStore, ObjectStore, from_url

from runner.tracking.artifacts import straight

if TYPE_CHECKING:
    from obstore.store import RetryConfig

# obstore's own patience is over after 4 seconds; a server that restarts takes longer.
PATIENCE: "RetryConfig" = {
    "max_retries": 20,
    "retry_timeout": timedelta(seconds=90),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
}
MEMORY: dict[str, MemoryStore] = {}  # by URI: what is put through one `Artifacts` is had through another


def opened(url: str) -> ObjectStore:
    """The store of `file:///...`, `memory:///`, `s3://`, `gs://`, `az://`.

    Raises:
        ValueError: it leads somewhere else than it says, or there is no such kind of store.
    """
    if url.startswith("file:"):
        return from_url(url, mkdir=True)
    if url.startswith("memory:"):
        return MEMORY.setdefault(url, MemoryStore())
    return from_url(straight(url), retry_config=PATIENCE, client_options={"allow_http": True})
