"""Experiments and runs with parameters, metrics, tags and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "runner_key_names",
        sa.Column("id", Number, primary_key=True),
        sa.Column("name", sa.String(250), nullable=False, unique=True),
    )
    op.create_table(
        "runner_experiments",
        sa.Column("id", Number, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(500), nullable=False, unique=True),
        sa.Column("artifact_location", sa.Text, nullable=False),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runner_experiment_tags",
        sa.Column(
            "experiment", Number, sa.ForeignKey("runner_experiments.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("key_id", Number, sa.ForeignKey("runner_key_names.id"), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "runner_runs",
        sa.Column("id", Number, primary_key=True),
        sa.Column("uuid", sa.String(256), nullable=False, unique=True),
        sa.Column(
            "experiment", Number, sa.ForeignKey("runner_experiments.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("user_name", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("deleted", sa.BigInteger),
        sa.Column("artifact_uri", sa.Text, nullable=False),
    )
    op.create_index(op.f("ix_runner_runs_experiment_started"), "runner_runs", ["experiment", "started"])
    op.create_index(op.f("ix_runner_runs_name"), "runner_runs", ["name"])
    op.create_index(op.f("ix_runner_runs_started"), "runner_runs", ["started"])
    op.create_table(
        "runner_leases",
        sa.Column("run", Number, sa.ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("host", sa.String(256), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_started", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runner_params",
        *_run_and_key(),
        sa.Column("experiment", Number, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("number", sa.Double),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_runner_params_experiment_key_id_number"), "runner_params", ["experiment", "key_id", "number"]
    )
    op.create_table(
        "runner_tags", *_run_and_key(), sa.Column("value", sa.Text, nullable=False), sqlite_with_rowid=False
    )
    op.create_index(op.f("ix_runner_tags_key_id"), "runner_tags", ["key_id"])
    op.create_table(
        "runner_metrics",
        *_run_and_key(),
        *_point(primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runner_latest_metrics",
        *_run_and_key(),
        sa.Column("experiment", Number, nullable=False),
        *_point(primary_key=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_runner_latest_metrics_experiment_key_id_value"),
        "runner_latest_metrics",
        ["experiment", "key_id", "value"],
    )


def _run_and_key() -> tuple["sa.Column[int]", "sa.Column[int]"]:
    return (
        sa.Column("run", Number, sa.ForeignKey("runner_runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key_id", Number, sa.ForeignKey("runner_key_names.id"), primary_key=True),
    )


def _point(*, primary_key: bool) -> tuple["sa.Column[object]", ...]:
    kinds = {"step": sa.BigInteger, "time": sa.BigInteger, "value": sa.Double, "is_nan": sa.Boolean}
    return tuple(
        sa.Column(name, kind, nullable=False, primary_key=primary_key, autoincrement=False)
        for name, kind in kinds.items()
    )
