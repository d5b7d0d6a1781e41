"""Schedules and their firings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
LongText = sa.Text().with_variant(LONGTEXT, "mysql", "mariadb")


def upgrade() -> None:
    """Create the tables."""
    _create_schedules()
    _create_firings()


def _create_schedules() -> None:
    op.create_table(
        "runner_schedules",
        sa.Column("id", Number, primary_key=True),
        sa.Column("name", sa.String(250), nullable=False, unique=True),
        sa.Column("definition", LongText, nullable=False),
        sa.Column("overlap", sa.String(16), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("next_for", sa.BigInteger, nullable=False),
        sa.Column("next_due", sa.BigInteger, nullable=False),
    )
    op.create_index(op.f("ix_runner_schedules_paused_next_due"), "runner_schedules", ["paused", "next_due"])


def _create_firings() -> None:
    op.create_table(
        "runner_firings",
        sa.Column("id", Number, primary_key=True),
        sa.Column(
            "schedule", Number, sa.ForeignKey("runner_schedules.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("scheduled_for", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("run_uuid", sa.String(256), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("fingerprint", LongText, nullable=False),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("host", sa.String(256)),
        sa.Column("pid", sa.Integer),
        sa.Column("process_started", sa.String(64)),
        sa.Column("until", sa.BigInteger),
        sa.UniqueConstraint("schedule", "scheduled_for"),
    )
    op.create_index(op.f("ix_runner_firings_schedule_state"), "runner_firings", ["schedule", "state"])
    op.create_index(op.f("ix_runner_firings_state_due"), "runner_firings", ["state", "due"])
