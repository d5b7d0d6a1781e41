"""An index from which runs that are not deleted are counted and paged: without it each of them is read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = ("ix_runner_runs_experiment_lifecycle_started", ["experiment", "lifecycle", "started"])
OLD = "ix_runner_runs_experiment_started"


def upgrade() -> None:
    """Make it, then drop the one that it stands for: MariaDB wants one that begins with the foreign key at any time."""
    there = {each["name"] for each in sa.inspect(op.get_bind()).get_indexes("runner_runs")}
    if NEW[0] not in there:  # MariaDB may have been broken off half-way
        op.create_index(NEW[0], "runner_runs", NEW[1])
    if OLD in there:
        op.drop_index(OLD, "runner_runs")
