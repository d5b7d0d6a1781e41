"""Many runs at once as one user may see them: those of experiments that they may read."""

from collections.abc import Sequence
from dataclasses import replace

from runner.server.access.rights import Rights
from runner.tracking.access import Kind
from runner.tracking.filters.parser import Name
from runner.tracking.tables import Chosen, Columns, Found, Groups, Line, Span, Table, Tables


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

    def columns(self, chosen: Chosen, *, newest: int | None = None) -> Columns:
        return self._tables.columns(self._readable(chosen), newest=newest)

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
        readable = self._readable(chosen)
        return self._tables.groups(
            readable, by=by, but=but, columns=columns, sort=sort, offset=offset, limit=limit
        )

    def lines(self, runs: Sequence[str], keys: Sequence[str], span: Span) -> Sequence[Line]:
        return self._tables.lines(self._rights.readable(Kind.RUN, runs), keys, span)

    def keys(self, chosen: Chosen, text: str, *, limit: int) -> Sequence[Found]:
        return self._tables.keys(self._readable(chosen), text, limit=limit)

    def values(self, chosen: Chosen, name: Name, text: str, *, limit: int) -> Sequence[Found]:
        return self._tables.values(self._readable(chosen), name, text, limit=limit)

    def _readable(self, chosen: Chosen) -> Chosen:
        if chosen.experiments is None:
            return replace(chosen, experiments=self._rights.users.readable(self._rights.reader))
        return replace(chosen, experiments=self._rights.readable(Kind.EXPERIMENT, chosen.experiments))
