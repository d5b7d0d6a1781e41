"""What is kept of runs, and where: `open_store(settings)` gives the store, whatever and wherever it is.

model.py               values: experiments and runs
store.py  opened.py    the store as everything else sees it
logged_models.py  registry.py  access.py   values of models and users, and what keeps them
opening.py             from a URI to a store
sql/                   the store in a database, noun by noun
database/              databases: SQLite, PostgreSQL, MariaDB; tables and migrations
remote/                the store on a server, and the spool of what it has not taken yet
filters/               "metrics.loss < 0.1", read; sql/searching.py makes SQL of it
artifacts.py  logs.py  files of a run; its output
collecting.py          what `runner gc` frees
moving/                from and to MLflow's stores
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
