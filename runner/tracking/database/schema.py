"""The tables, as SQLAlchemy Core metadata: what the migrations build and a test compares them with.

    experiments ◄── runs ◄── params, tags, metrics (every point), latest_metrics (one per key)
                      └───── leases
    key_names: each name once; the wide tables hold its number

All names begin with `runner_`: an MLflow client that is pointed at this database by mistake makes tables of its own in it,
and must not find ours, which it would alter. No column has a name that a database reserves, so that plain SQL fits all.
Surrogate keys are integers; the id that people and clients see (`uuid`) stands in one place. `experiment` is repeated in
`params` and `latest_metrics`, so that one index serves "this experiment, that key, by value". Tables whose key is their
row's place (SQLite: WITHOUT ROWID) take half the space.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER columns


key_names = Table(
    "runner_key_names",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(250), nullable=False, unique=True),
)

experiments = Table(
    "runner_experiments",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", String(500), nullable=False, unique=True),
    Column("artifact_location", Text, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

experiment_tags = Table(
    "runner_experiment_tags",
    metadata,
    Column("experiment", Number, ForeignKey("runner_experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runner_runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("uuid", String(256), nullable=False, unique=True),
    Column("experiment", Number, ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(250), nullable=False),
    Column("user_name", String(256), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("lifecycle", String(16), nullable=False),
    Column("deleted", BigInteger),
    Column("artifact_uri", Text, nullable=False),
    Index(None, "experiment", "started"),
    Index(None, "name"),
    Index(None, "started"),
)

leases = Table(
    "runner_leases",
    metadata,
    Column("run", Number, ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(256), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", String(64), nullable=False),
    Column("until", BigInteger, nullable=False),
)

params = Table(
    "runner_params",
    metadata,
    Column("run", Number, ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True),
    Column("experiment", Number, nullable=False),
    Column("value", Text, nullable=False),
    Column("number", Double),
    Index(None, "experiment", "key_id", "number"),
    sqlite_with_rowid=False,
)

tags = Table(
    "runner_tags",
    metadata,
    Column("run", Number, ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True),
    Column("value", Text, nullable=False),
    Index(None, "key_id"),
    sqlite_with_rowid=False,
)

metrics = Table(
    "runner_metrics",
    metadata,
    Column("run", Number, ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, primary_key=True, autoincrement=False),
    Column("is_nan", Boolean, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

latest_metrics = Table(
    "runner_latest_metrics",
    metadata,
    Column("run", Number, ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True),
    Column("experiment", Number, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("is_nan", Boolean, nullable=False),
    Index(None, "experiment", "key_id", "value"),
    sqlite_with_rowid=False,
)
