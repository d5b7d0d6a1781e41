"""Many runs at once as one user may see them: those of experiments that they may read."""

from collections.abc import Sequence
from dataclasses import replace

from runner.server.access.rights import Rights
from runner.tracking.access import Kind
from runner.tracking.tables import Chosen, Columns, Table, Tables


class PermittedTables:
    """A `Tables` of what the rights let this user read."""

    def __init__(self, tables: Tables, rights: Rights) -> None:
        self._tables = tables
        self._rights = rights

    def table(
        self, chosen: Chosen, *, sort: Sequence[str], columns: Sequence[str], offset: int, limit: int
    ) -> Table:
        readable = self._readable(chosen)
        return self._tables.table(readable, sort=sort, columns=columns, offset=offset, limit=limit)

    def columns(self, chosen: Chosen) -> Columns:
        return self._tables.columns(self._readable(chosen))

    def _readable(self, chosen: Chosen) -> Chosen:
        if chosen.experiments is None:
            return replace(chosen, experiments=self._rights.users.readable(self._rights.reader))
        return replace(chosen, experiments=self._rights.readable(Kind.EXPERIMENT, chosen.experiments))
