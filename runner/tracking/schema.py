"""The tables, as SQLAlchemy Core metadata: what the migrations build and a test compares them with.

    experiments ◄── runs ◄── params, tags, metrics (every point), latest_metrics (one per key)
                      └───── leases
    key_names: each name once; the wide tables hold its number

No column has a name that a database reserves, so that plain SQL fits all. Surrogate keys are integers; the ids that people and clients see (`runs.uuid`) stand in one place. `experiment` is
repeated in `params` and `latest_metrics`, so that one index serves "this experiment, that key, by value".
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
    UniqueConstraint,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER columns


def _run() -> Column[int]:
    return Column("run", Number, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def _key() -> Column[int]:
    return Column("key_id", Number, ForeignKey("key_names.id"), nullable=False)


key_names = Table(
    "key_names",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(250), nullable=False, unique=True),
)

experiments = Table(
    "experiments",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", String(500), nullable=False, unique=True),
    Column("artifact_location", Text, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment", Number, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("key_names.id"), primary_key=True),
    Column("value", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("uuid", String(256), nullable=False, unique=True),
    Column("experiment", Number, ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
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
    "leases",
    metadata,
    Column("run", Number, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("host", String(256), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", String(64), nullable=False),
    Column("until", BigInteger, nullable=False),
)

params = Table(
    "params",
    metadata,
    Column("run", Number, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("key_names.id"), primary_key=True),
    Column("experiment", Number, nullable=False),
    Column("value", Text, nullable=False),
    Column("number", Double),
    Index(None, "experiment", "key_id", "number"),
)

tags = Table(
    "tags",
    metadata,
    Column("run", Number, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("key_names.id"), primary_key=True),
    Column("value", Text, nullable=False),
    Index(None, "key_id"),
)

metrics = Table(
    "metrics",
    metadata,
    _run(),
    _key(),
    Column("step", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("is_nan", Boolean, nullable=False),
    UniqueConstraint("run", "key_id", "step", "time", "value", "is_nan"),
)

latest_metrics = Table(
    "latest_metrics",
    metadata,
    Column("run", Number, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Number, ForeignKey("key_names.id"), primary_key=True),
    Column("experiment", Number, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    Column("is_nan", Boolean, nullable=False),
    Index(None, "experiment", "key_id", "value"),
)
