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
        "key_names",
        sa.Column("id", Number, primary_key=True),
        sa.Column("name", sa.String(250), nullable=False, unique=True),
    )
    op.create_table(
        "experiments",
        sa.Column("id", Number, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(500), nullable=False, unique=True),
        sa.Column("artifact_location", sa.Text, nullable=False),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "experiment_tags",
        sa.Column(
            "experiment", Number, sa.ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("key_id", Number, sa.ForeignKey("key_names.id"), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", Number, primary_key=True),
        sa.Column("uuid", sa.String(256), nullable=False, unique=True),
        sa.Column("experiment", Number, sa.ForeignKey("experiments.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(250), nullable=False),
        sa.Column("user_name", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("lifecycle", sa.String(16), nullable=False),
        sa.Column("deleted", sa.BigInteger),
        sa.Column("artifact_uri", sa.Text, nullable=False),
    )
    op.create_index(op.f("ix_runs_experiment_started"), "runs", ["experiment", "started"])
    op.create_index(op.f("ix_runs_name"), "runs", ["name"])
    op.create_index(op.f("ix_runs_started"), "runs", ["started"])
    op.create_table(
        "leases",
        sa.Column("run", Number, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("host", sa.String(256), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process_started", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "params",
        *_run_and_key(),
        sa.Column("experiment", Number, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("number", sa.Double),
    )
    op.create_index(op.f("ix_params_experiment_key_id_number"), "params", ["experiment", "key_id", "number"])
    op.create_table("tags", *_run_and_key(), sa.Column("value", sa.Text, nullable=False))
    op.create_index(op.f("ix_tags_key_id"), "tags", ["key_id"])
    op.create_table(
        "metrics",
        sa.Column("run", Number, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("key_id", Number, sa.ForeignKey("key_names.id"), nullable=False),
        *_point(),
        sa.UniqueConstraint("run", "key_id", "step", "time", "value", "is_nan"),
    )
    op.create_table(
        "latest_metrics", *_run_and_key(), sa.Column("experiment", Number, nullable=False), *_point()
    )
    op.create_index(
        op.f("ix_latest_metrics_experiment_key_id_value"), "latest_metrics", ["experiment", "key_id", "value"]
    )


def _run_and_key() -> tuple["sa.Column[int]", "sa.Column[int]"]:
    return (
        sa.Column("run", Number, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key_id", Number, sa.ForeignKey("key_names.id"), primary_key=True),
    )


def _point() -> tuple["sa.Column[object]", ...]:
    return (
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("is_nan", sa.Boolean, nullable=False),
    )
