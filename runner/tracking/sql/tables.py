"""Many runs at once, from a relational database: each method is one transaction that reads."""

from collections.abc import Sequence

from runner.tracking.database import Database
from runner.tracking.sql import listing, summaries
from runner.tracking.sql.repeating import repeating
from runner.tracking.tables import Chosen, Columns, Table


@repeating
class SqlTables:
    """See `tables.Tables`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def table(
        self, chosen: Chosen, *, sort: Sequence[str], columns: Sequence[str], offset: int, limit: int
    ) -> Table:
        with self._database.reading() as db:
            return listing.table(db, chosen, sort=sort, columns=columns, offset=offset, limit=limit)

    def columns(self, chosen: Chosen) -> Columns:
        with self._database.reading() as db:
            return summaries.columns(db, chosen)
