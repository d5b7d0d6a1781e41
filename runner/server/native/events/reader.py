"""Which runs a caller may read, asked again every few seconds: permissions change while somebody listens."""

from collections.abc import Awaitable, Callable
from time import monotonic

from starlette.concurrency import run_in_threadpool

from runner.errors import RunnerError, Unavailable
from runner.server.errors import NotPermitted
from runner.server.mlflow.runs import exact
from runner.tracking.store import Store

ASK_AGAIN = 3.0  # seconds for which an answer holds


class RunReader:
    """`view` gives the store as the caller may see it now; None: nobody knows the caller any more.

    Who may read a run may read all of its experiment.
    """

    def __init__(self, view: Callable[[], Awaitable[Store | None]]) -> None:
        self._view = view
        self._answers: dict[str, tuple[float, bool]] = {}

    async def check(self, run_id: str) -> None:
        """Raises unless there is that run, and the caller may read it."""
        store = await self._known()
        await run_in_threadpool(lambda: exact(store, run_id))

    async def may(self, run_id: str, experiment_id: str) -> bool:
        """Whether the caller may read the run.

        Raises:
            NotPermitted: nobody knows the caller any more.
        """
        until, answer = self._answers.get(experiment_id, (0.0, False))
        if monotonic() > until:
            store = await self._known()
            answer = await run_in_threadpool(lambda: _reads(store, run_id))
            self._answers[experiment_id] = (monotonic() + ASK_AGAIN, answer)
        return answer

    async def _known(self) -> Store:
        store = await self._view()
        if store is None:
            raise NotPermitted("you are not known here any more")
        return store


def _reads(store: Store, run_id: str) -> bool:
    try:
        exact(store, run_id)
    except Unavailable:
        raise
    except RunnerError:
        return False
    return True
