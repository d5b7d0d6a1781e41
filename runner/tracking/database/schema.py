"""The tables, as SQLAlchemy Core metadata: what the migrations build and a test compares them with.

    experiments ◄── runs ◄── params, tags, metrics (every point), latest_metrics (one per key)
              ▲       ▲───── leases, inputs ──► datasets, run_models (used and made) ──► logged_models
              └── logged_models ◄── logged_model_params, logged_model_tags, logged_model_metrics
    registered_models ◄── model_versions ◄── model_version_tags, model_aliases
                    └──── registered_model_tags
    users ◄── tokens, experiment_permissions, model_permissions
    schedules ◄── firings, whose runs are named by their id: they may be gone
    key_names: each name once; the wide tables hold its number. counters: the last number of experiments

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
    Computed,
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
from sqlalchemy.dialects.mysql import LONGTEXT

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)
Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in INTEGER columns
LongText = Text().with_variant(LONGTEXT, "mysql", "mariadb")  # whose TEXT ends at 65,535 bytes


key_names = Table(
    "runner_key_names",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(250), nullable=False, unique=True),
)

counters = Table(
    "runner_counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("last_number", BigInteger, nullable=False),  # those of forgotten things are not used again
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
    Index(None, "experiment", "lifecycle", "started"),
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
    Column("beginning", String(64), Computed("SUBSTR(value, 1, 64)")),
    Index(None, "key_id", "beginning"),
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


def _owned(table: str, column: str) -> Column[int]:
    """Part of a primary key: the row goes when its owner goes."""
    return Column(column, Number, ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


def _key() -> Column[int]:
    return Column("key_id", Number, ForeignKey("runner_key_names.id"), primary_key=True)


datasets = Table(
    "runner_datasets",
    metadata,
    Column("id", Number, primary_key=True),
    Column("experiment", Number, ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(500), nullable=False),
    Column("digest", String(36), nullable=False),
    Column("source_type", String(250), nullable=False),  # "": a metric has named it, no run has described it
    Column("source", LongText, nullable=False),
    Column("schema_text", LongText),
    Column("profile_text", LongText),
    UniqueConstraint("experiment", "name", "digest"),
)

inputs = Table(
    "runner_inputs",
    metadata,
    _owned("runner_runs", "run"),
    _owned("runner_datasets", "dataset"),
    Column("context", String(500), nullable=False),  # the tag mlflow.data.context, "" without one
    Column("tags_json", LongText, nullable=False),
    Index(None, "dataset"),
)

logged_models = Table(
    "runner_logged_models",
    metadata,
    Column("id", Number, primary_key=True),
    Column("uuid", String(64), nullable=False, unique=True),
    Column("experiment", Number, ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(500), nullable=False),
    Column("type_name", String(500), nullable=False),
    Column("status", String(16), nullable=False),
    Column(
        "source_run", String(256), nullable=False
    ),  # id of a run, perhaps of one that is gone; "" without one
    Column("artifact_uri", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("lifecycle", String(16), nullable=False),
    Column("deleted", BigInteger),
    Index(None, "experiment", "created"),
    Index(None, "source_run"),
    Index(None, "name"),
)

logged_model_params = Table(
    "runner_logged_model_params",
    metadata,
    _owned("runner_logged_models", "model"),
    _key(),
    Column("value", LongText, nullable=False),
    Column("number", Double),
    sqlite_with_rowid=False,
)

logged_model_tags = Table(
    "runner_logged_model_tags",
    metadata,
    _owned("runner_logged_models", "model"),
    _key(),
    Column("value", LongText, nullable=False),
    sqlite_with_rowid=False,
)

logged_model_metrics = Table(
    "runner_logged_model_metrics",
    metadata,
    _owned("runner_logged_models", "model"),
    _key(),
    _owned("runner_runs", "run"),
    Column("dataset", Number, primary_key=True, autoincrement=False),  # 0: none was named
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, primary_key=True, autoincrement=False),
    Column("is_nan", Boolean, primary_key=True, autoincrement=False),
    Index(None, "run"),
    sqlite_with_rowid=False,
)

run_models = Table(
    "runner_run_models",
    metadata,
    _owned("runner_runs", "run"),
    Column("model_uuid", String(64), primary_key=True),
    Column("made", Boolean, primary_key=True),  # true: an output; false: an input
    Column("step", BigInteger, nullable=False),
    Index(None, "model_uuid"),
)

registered_models = Table(
    "runner_registered_models",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(500), nullable=False, unique=True),
    Column("description", LongText, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("last_version", Integer, nullable=False),  # numbers of deleted versions are not used again
)

registered_model_tags = Table(
    "runner_registered_model_tags",
    metadata,
    _owned("runner_registered_models", "model"),
    _key(),
    Column("value", LongText, nullable=False),
)

model_versions = Table(
    "runner_model_versions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("model", Number, ForeignKey("runner_registered_models.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("description", LongText, nullable=False),
    Column("source", Text, nullable=False),
    Column("location", Text, nullable=False),  # where the source's files are, if it is a model itself
    Column("run_uuid", String(256), nullable=False),
    Column("run_link", Text, nullable=False),
    Column("model_uuid", String(64), nullable=False),
    Column("user_name", String(256), nullable=False),
    UniqueConstraint("model", "version"),
    Index(None, "run_uuid"),
    Index(None, "model_uuid"),
    Index(None, "updated"),
)

model_version_tags = Table(
    "runner_model_version_tags",
    metadata,
    _owned("runner_model_versions", "version"),
    _key(),
    Column("value", LongText, nullable=False),
)

model_aliases = Table(
    "runner_model_aliases",
    metadata,
    _owned("runner_registered_models", "model"),
    Column("alias", String(255), primary_key=True),
    Column("version", Number, ForeignKey("runner_model_versions.id", ondelete="CASCADE"), nullable=False),
    Index(None, "version"),
)

users = Table(
    "runner_users",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(250), nullable=False, unique=True),
    Column("password_hash", String(250)),  # argon2; NULL: signs in by token only
    Column("is_admin", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)

tokens = Table(
    "runner_tokens",
    metadata,
    Column("id", Number, primary_key=True),
    Column("user_id", Number, ForeignKey("runner_users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(250), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the token, which is random
    Column("ending", String(8), nullable=False),  # its last characters, to tell it by
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    UniqueConstraint("user_id", "name"),
)

experiment_permissions = Table(
    "runner_experiment_permissions",
    metadata,
    _owned("runner_users", "user_id"),
    _owned("runner_experiments", "experiment"),
    Column("permission", String(16), nullable=False),
    Index(None, "experiment"),
)

model_permissions = Table(
    "runner_model_permissions",
    metadata,
    _owned("runner_users", "user_id"),
    _owned("runner_registered_models", "model"),
    Column("permission", String(16), nullable=False),
    Index(None, "model"),
)

schedules = Table(
    "runner_schedules",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", String(250), nullable=False, unique=True),
    Column("definition", LongText, nullable=False),
    Column("overlap", String(16), nullable=False),  # of the definition: who claims asks for it
    Column("paused", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("next_for", BigInteger, nullable=False),
    Column("next_due", BigInteger, nullable=False),
    Index(None, "paused", "next_due"),
)

firings = Table(
    "runner_firings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("schedule", Number, ForeignKey("runner_schedules.id", ondelete="CASCADE"), nullable=False),
    Column("scheduled_for", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("cause", String(16), nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("run_uuid", String(256), nullable=False),
    Column("reason", Text, nullable=False),
    Column("fingerprint", LongText, nullable=False),
    Column("stopping", Boolean, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    Column("host", String(256)),  # of the process that has it; the lease is as in runner_leases
    Column("pid", Integer),
    Column("process_started", String(64)),
    Column("until", BigInteger),
    UniqueConstraint("schedule", "scheduled_for"),
    Index(None, "schedule", "state"),
    Index(None, "state", "due"),
)
