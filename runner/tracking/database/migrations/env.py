"""Run by Alembic: migrations inside the transaction of the connection that migrating.py hands over."""

from alembic import context

from runner.tracking.database.schema import metadata
from runner.tracking.opening import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,  # SQLite's too, for engine.py begins the transaction
)
with context.begin_transaction():
    context.run_migrations()
