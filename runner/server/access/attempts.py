"""Failed sign-ins: after some, the next must wait, longer each time."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

FREE = 5  # failures without a wait
FIRST, LONGEST = 1.0, 60.0  # seconds to wait; each further failure doubles it
FORGOTTEN = 900.0  # seconds without a failure after which all is forgiven
MOST = 10_000  # users and addresses that are kept; the oldest go first


@dataclass(slots=True)
class _Failures:
    count: int
    last: float
    until: float


class Attempts:
    """Failures by user and address: nobody is kept out by what others do elsewhere."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()

    def wait(self, user: str, address: str) -> int:
        """Whole seconds until the next attempt may be made; 0: now."""
        failures = self._failures.get((user, address))
        return 0 if failures is None else max(0, ceil(failures.until - self._clock()))

    def failed(self, user: str, address: str) -> None:
        """One more."""
        now = self._clock()
        before = self._failures.pop((user, address), None)
        count = before.count + 1 if before and now - before.last < FORGOTTEN else 1
        pause = 0.0 if count < FREE else min(FIRST * 2.0 ** min(count - FREE, 20), LONGEST)
        self._failures[user, address] = _Failures(count, now, now + pause)
        if len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, user: str, address: str) -> None:
        """All is forgiven."""
        self._failures.pop((user, address), None)
