"""What is kept of runs, and where: `open_store(settings)` gives the store, `Artifacts(uri)` the files of a run.

model.py  store.py     values; the store as everything else sees it
sqlstore.py            the store in a database: experiments.py, runs.py, recording.py; keys.py, checks.py, names.py, leases.py
filters.py             "metrics.loss < 0.1", read; searching.py makes SQL of it
opening.py             from a URI to a store; database.py, sqlite.py, engine.py carry SQL out; schema.py, migrating.py, migrations/
artifacts.py  logs.py  files of a run; its output
"""

from runner.tracking.artifacts import Artifact, Artifacts
from runner.tracking.leases import this_process_lease
from runner.tracking.opened import ArtifactStore, OpenStore, Synced, Unsent
from runner.tracking.opening import open_database_store, open_store
from runner.tracking.store import Store

__all__ = [
    "Artifact",
    "ArtifactStore",
    "Artifacts",
    "OpenStore",
    "Store",
    "Synced",
    "Unsent",
    "open_database_store",
    "open_store",
    "this_process_lease",
]
