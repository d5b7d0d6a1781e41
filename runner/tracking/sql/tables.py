"""Many runs at once, from a relational database: each method is one transaction that reads."""

from collections.abc import Sequence

from runner.tracking.database import Database
from runner.tracking.filters.parser import Name
from runner.tracking.sql import grouping, lines, listing, offering, summaries
from runner.tracking.sql.repeating import repeating
from runner.tracking.tables import Chosen, Columns, Found, Groups, Line, Span, Table


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

    def columns(self, chosen: Chosen, *, newest: int | None = None) -> Columns:
        with self._database.reading() as db:
            return summaries.columns(db, chosen, newest)

    def groups(
        self,
        chosen: Chosen,
        *,
        by: Sequence[str],
        but: Sequence[str],
        columns: Sequence[str],
        sort: Sequence[str],
        offset: int,
        limit: int,
    ) -> Groups:
        with self._database.reading() as db:
            return grouping.groups(
                db, chosen, by=by, but=but, columns=columns, sort=sort, offset=offset, limit=limit
            )

    def lines(self, runs: Sequence[str], keys: Sequence[str], span: Span) -> Sequence[Line]:
        with self._database.reading() as db:
            return lines.lines(db, runs, keys, span)

    def keys(self, chosen: Chosen, text: str, *, limit: int) -> Sequence[Found]:
        with self._database.reading() as db:
            return offering.keys(db, chosen, text, limit=limit)

    def values(self, chosen: Chosen, name: Name, text: str, *, limit: int) -> Sequence[Found]:
        with self._database.reading() as db:
            return offering.values(db, chosen, name, text, limit=limit)
