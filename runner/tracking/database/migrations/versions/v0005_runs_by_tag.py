"""An index from which runs are found by what a tag of theirs says: without it each run is asked for its tag."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMN = "beginning"
NEW = ("ix_runner_tags_key_id_beginning", ["key_id", COLUMN])
OLD = "ix_runner_tags_key_id"


def upgrade() -> None:
    """Add the beginnings of values, make the index, then drop the one that it stands for.

    The database itself keeps them: processes of the version before may be recording, and know nothing of the column.
    MariaDB keeps each step: one that was done before is not done again.
    """
    tables = sa.inspect(op.get_bind())
    if COLUMN not in {each["name"] for each in tables.get_columns("runner_tags")}:
        stored = op.get_bind().dialect.name != "sqlite"  # which adds no others to a table
        beginning = sa.Computed("SUBSTR(value, 1, 64)", persisted=stored)
        op.add_column("runner_tags", sa.Column(COLUMN, sa.String(64), beginning))
    there = {each["name"] for each in tables.get_indexes("runner_tags")}
    if NEW[0] not in there:
        op.create_index(NEW[0], "runner_tags", NEW[1])
    if OLD in there:
        op.drop_index(OLD, "runner_tags")
