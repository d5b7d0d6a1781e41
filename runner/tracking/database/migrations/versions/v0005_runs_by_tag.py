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
    """Fill a column with the beginnings of values, make the index, then drop the one that it stands for.

    MariaDB keeps each step: one that was done before is not done again.
    """
    tables = sa.inspect(op.get_bind())
    if COLUMN not in {each["name"] for each in tables.get_columns("runner_tags")}:
        op.add_column("runner_tags", sa.Column(COLUMN, sa.String(64), nullable=False, server_default=""))
    op.execute(f"UPDATE runner_tags SET {COLUMN} = SUBSTR(value, 1, 64)")
    there = {each["name"] for each in tables.get_indexes("runner_tags")}
    if NEW[0] not in there:
        op.create_index(NEW[0], "runner_tags", NEW[1])
    if OLD in there:
        op.drop_index(OLD, "runner_tags")
