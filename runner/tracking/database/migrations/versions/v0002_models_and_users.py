"""Data sets, logged models, the model registry, users."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

from runner.tracking.database.migrations import documents

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
LongText = sa.Text().with_variant(LONGTEXT, "mysql", "mariadb")


def upgrade() -> None:
    """Create the tables, and fill them with what tags held so far."""
    _create_counters()
    _create_datasets()
    _create_logged_models()
    _create_parts_of_logged_models()
    _create_models_of_runs()
    _create_registered_models()
    _create_versions()
    _create_aliases()
    _create_users()
    _create_permissions()
    # Rows come last, all in one transaction: what is broken off on MariaDB or MySQL leaves its tables, which must be empty.
    _count_experiments()
    documents.convert(op.get_bind())


def _create_counters() -> None:
    op.create_table(
        "runner_counters",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("last_number", sa.BigInteger, nullable=False),
    )


def _create_datasets() -> None:
    op.create_table(
        "runner_datasets",
        sa.Column("id", Number, primary_key=True),
        sa.Column(
            "experiment", Number, sa.ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("digest", sa.String(36), nullable=False),
        sa.Column("source_type", sa.String(250), nullable=False),
        sa.Column("source", LongText, nullable=False),
        sa.Column("schema_text", LongText),
        sa.Column("profile_text", LongText),
        sa.UniqueConstraint("experiment", "name", "digest"),
    )
    op.create_table(
        "runner_inputs",
        _owned("runner_runs", "run"),
        _owned("runner_datasets", "dataset"),
        sa.Column("context", sa.String(500), nullable=False),
        sa.Column("tags_json", LongText, nullable=False),
    )
    op.create_index(op.f("ix_runner_inputs_dataset"), "runner_inputs", ["dataset"])


def _create_logged_models() -> None:
    op.create_table(
        "runner_logged_models",
        sa.Column("id", Number, primary_key=True),
        sa.Column("uuid", sa.String(64), nullable=False, unique=True),
        sa.Column(
            "experiment", Number, sa.ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("type_name", sa.String(500), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source_run", sa.String(256), nullable=False),
        sa.Column("artifact_uri", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("deleted", sa.BigInteger),
    )
    op.create_index(
        op.f("ix_runner_logged_models_experiment_created"), "runner_logged_models", ["experiment", "created"]
    )
    op.create_index(op.f("ix_runner_logged_models_source_run"), "runner_logged_models", ["source_run"])
    op.create_index(op.f("ix_runner_logged_models_name"), "runner_logged_models", ["name"])


def _create_parts_of_logged_models() -> None:
    op.create_table(
        "runner_logged_model_params",
        _owned("runner_logged_models", "model"),
        _key(),
        sa.Column("value", LongText, nullable=False),
        sa.Column("number", sa.Double),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runner_logged_model_tags",
        _owned("runner_logged_models", "model"),
        _key(),
        sa.Column("value", LongText, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runner_logged_model_metrics",
        _owned("runner_logged_models", "model"),
        _key(),
        _owned("runner_runs", "run"),
        sa.Column("dataset", Number, primary_key=True, autoincrement=False),
        sa.Column("step", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Double, primary_key=True, autoincrement=False),
        sa.Column("is_nan", sa.Boolean, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_runner_logged_model_metrics_run"), "runner_logged_model_metrics", ["run"])


def _create_models_of_runs() -> None:
    op.create_table(
        "runner_run_models",
        _owned("runner_runs", "run"),
        sa.Column("model_uuid", sa.String(64), primary_key=True),
        sa.Column("made", sa.Boolean, primary_key=True),
        sa.Column("step", sa.BigInteger, nullable=False),
    )
    op.create_index(op.f("ix_runner_run_models_model_uuid"), "runner_run_models", ["model_uuid"])


def _create_registered_models() -> None:
    op.create_table(
        "runner_registered_models",
        sa.Column("id", Number, primary_key=True),
        sa.Column("name", sa.String(500), nullable=False, unique=True),
        sa.Column("description", LongText, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
    )
    op.create_table(
        "runner_registered_model_tags",
        _owned("runner_registered_models", "model"),
        _key(),
        sa.Column("value", LongText, nullable=False),
    )


def _create_versions() -> None:
    op.create_table(
        "runner_model_versions",
        sa.Column("id", Number, primary_key=True),
        sa.Column(
            "model", Number, sa.ForeignKey("runner_registered_models.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("description", LongText, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("run_uuid", sa.String(256), nullable=False),
        sa.Column("run_link", sa.Text, nullable=False),
        sa.Column("model_uuid", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(256), nullable=False),
        sa.UniqueConstraint("model", "version"),
    )
    op.create_index(op.f("ix_runner_model_versions_run_uuid"), "runner_model_versions", ["run_uuid"])
    op.create_index(op.f("ix_runner_model_versions_model_uuid"), "runner_model_versions", ["model_uuid"])
    op.create_index(op.f("ix_runner_model_versions_updated"), "runner_model_versions", ["updated"])
    op.create_table(
        "runner_model_version_tags",
        _owned("runner_model_versions", "version"),
        _key(),
        sa.Column("value", LongText, nullable=False),
    )


def _create_aliases() -> None:
    op.create_table(
        "runner_model_aliases",
        _owned("runner_registered_models", "model"),
        sa.Column("alias", sa.String(255), primary_key=True),
        sa.Column(
            "version", Number, sa.ForeignKey("runner_model_versions.id", ondelete="CASCADE"), nullable=False
        ),
    )
    op.create_index(op.f("ix_runner_model_aliases_version"), "runner_model_aliases", ["version"])


def _create_users() -> None:
    op.create_table(
        "runner_users",
        sa.Column("id", Number, primary_key=True),
        sa.Column("name", sa.String(250), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(250)),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runner_tokens",
        sa.Column("id", Number, primary_key=True),
        sa.Column("user_id", Number, sa.ForeignKey("runner_users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("ending", sa.String(8), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.UniqueConstraint("user_id", "name"),
    )


def _create_permissions() -> None:
    op.create_table(
        "runner_experiment_permissions",
        _owned("runner_users", "user_id"),
        _owned("runner_experiments", "experiment"),
        sa.Column("permission", sa.String(16), nullable=False),
    )
    op.create_index(
        op.f("ix_runner_experiment_permissions_experiment"), "runner_experiment_permissions", ["experiment"]
    )
    op.create_table(
        "runner_model_permissions",
        _owned("runner_users", "user_id"),
        _owned("runner_registered_models", "model"),
        sa.Column("permission", sa.String(16), nullable=False),
    )
    op.create_index(op.f("ix_runner_model_permissions_model"), "runner_model_permissions", ["model"])


def _count_experiments() -> None:
    op.execute(
        "INSERT INTO runner_counters (name, last_number)"
        " SELECT 'experiments', COALESCE(MAX(id), 0) FROM runner_experiments"
    )


def _owned(table: str, column: str) -> "sa.Column[int]":
    return sa.Column(column, Number, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True)


def _key() -> "sa.Column[int]":
    return sa.Column("key_id", Number, sa.ForeignKey("runner_key_names.id"), primary_key=True)
