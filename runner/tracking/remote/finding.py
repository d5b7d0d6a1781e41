"""Runs and experiments on a server, by what people call them."""

import re
from collections.abc import Iterator, Sequence

from runner.errors import Conflict, NotFound, did_you_mean
from runner.tracking import checks
from runner.tracking.model import Experiment, Lifecycle, Page, Run
from runner.tracking.remote import shapes
from runner.tracking.remote.client import Client

PREFIX = "[0-9a-f]{4,31}"  # of an id
LISTED = 5
PAGE = 1000


class Finding:
    """Searches of one server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def run(self, reference: str) -> Run:
        """See `Store.run`."""
        checks.text(reference)
        if re.fullmatch("-[1-9][0-9]{0,3}", reference):
            return self._newest(int(reference[1:]))
        if re.fullmatch("[0-9a-zA-Z_-]{20,}", reference):
            try:
                return self.exactly(reference)
            except NotFound:
                pass
        for filter_ in _filters(reference):
            found = self._matching(filter_)
            if "LIKE" in filter_ and len(found) > 1:
                listed = ", ".join(f"{run.id} ({run.name})" for run in found[:LISTED])
                raise Conflict(f"several runs begin with {reference!r}: {listed}")
            if found:
                return found[0]
        raise NotFound(f"there is no run {reference!r}", hint="`runner runs list` shows the newest")

    def exactly(self, run_id: str) -> Run:
        return shapes.run(self._client.get("runs/get", {"run_id": run_id})["run"])

    def experiment(self, id_or_name: str) -> Experiment:
        """See `Store.experiment`."""
        checks.text(id_or_name)
        if id_or_name.isascii() and id_or_name.isdecimal():
            try:
                answer = self._client.get("experiments/get", {"experiment_id": id_or_name})
                return shapes.experiment(answer["experiment"])
            except NotFound:
                pass
        try:
            return self.named(id_or_name)
        except NotFound:
            names = [experiment.name for experiment in self.experiments(Lifecycle.ACTIVE)]
            hint = did_you_mean(id_or_name, names) or "`runner experiments list` shows all"
            raise NotFound(f"there is no experiment {id_or_name!r}", hint=hint) from None

    def named(self, name: str) -> Experiment:
        answer = self._client.get("experiments/get-by-name", {"experiment_name": name})
        return shapes.experiment(answer["experiment"])

    def experiments(self, lifecycle: Lifecycle | None) -> Sequence[Experiment]:
        """All of them, newest first."""
        found = [item for page in self._pages(lifecycle) for item in page.items]
        return sorted(found, key=lambda item: (item.created, int(item.id)), reverse=True)

    def runs(
        self,
        experiment_ids: Sequence[str] | None,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = PAGE,
        page_token: str | None = None,
        lifecycle: Lifecycle | None = None,
    ) -> Page[Run]:
        """See `Store.search_runs`."""
        ids = experiment_ids if experiment_ids is not None else self._all(lifecycle)
        body = {
            "experiment_ids": list(ids),
            "filter": filter,
            "order_by": [_order(text) for text in order_by] or ["attributes.start_time DESC"],
            "max_results": limit,
            "page_token": page_token,
            "run_view_type": view(lifecycle),
        }
        return shapes.page(self._client.post("runs/search", body), "runs", shapes.run)

    def _newest(self, number: int) -> Run:
        found = self.runs(None, limit=number, lifecycle=Lifecycle.ACTIVE).items
        if len(found) < number:
            raise NotFound(f"there are only {len(found)} runs")
        return found[number - 1]

    def _matching(self, filter_: str) -> tuple[Run, ...]:
        return self.runs(None, filter=filter_, limit=LISTED + 1).items

    def _all(self, lifecycle: Lifecycle | None) -> list[str]:
        """Ids of the experiments that may hold such runs: a deleted run may be in one that is active."""
        wanted = Lifecycle.ACTIVE if lifecycle is Lifecycle.ACTIVE else None
        return [experiment.id for experiment in self.experiments(wanted)]

    def _pages(self, lifecycle: Lifecycle | None) -> Iterator[Page[Experiment]]:
        token: str | None = ""
        while token is not None:
            body = {"max_results": PAGE, "view_type": view(lifecycle), "page_token": token or None}
            answer = self._client.post("experiments/search", body)
            page = shapes.page(answer, "experiments", shapes.experiment)
            yield page
            token = page.next_token


def view(lifecycle: Lifecycle | None) -> str:
    return {Lifecycle.ACTIVE: "ACTIVE_ONLY", Lifecycle.DELETED: "DELETED_ONLY", None: "ALL"}[lifecycle]


def _filters(reference: str) -> Iterator[str]:
    quote = next((mark for mark in "'\"" if mark not in reference), None)
    if quote is not None:
        yield f"attributes.run_name = {quote}{reference}{quote}"
    if re.fullmatch(PREFIX, reference):
        yield f"attributes.run_id LIKE '{reference}%'"


def _order(text: str) -> str:
    """Our `-metrics.rmse` in MLflow's words."""
    return f"{text[1:]} DESC" if text.startswith("-") else text
