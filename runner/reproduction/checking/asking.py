"""Whether files can still be had, asked of their addresses: nothing is downloaded, and no answer is no proof."""

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from itertools import islice
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

AT_ONCE = 16
EACH = 5.0  # seconds for one answer
TOGETHER = 15.0  # seconds for all of them
SLICE = 0.5  # seconds of one wait: a signal that arrives just before a wait is handled only after it
FIRST = 3  # addresses of one file that are asked
GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


@dataclass(frozen=True, slots=True)
class File:
    """A package of a lock, by name; one of `places` will do. `kept`: it is in a cache of this machine."""

    name: str
    places: tuple[str, ...]
    kept: bool = False


def asked(files: Sequence[File]) -> dict[str, bool | None]:
    """Which can be had, by name; None and nothing at all both mean that nobody knows."""
    pool, answers = ThreadPoolExecutor(max_workers=AT_ONCE), dict[str, bool | None]()
    try:
        waiting: dict[Future[bool | None], str] = {
            pool.submit(_had, file.places): file.name for file in files
        }
        end = time.monotonic() + TOGETHER
        while waiting and time.monotonic() < end:
            done, _ = wait(waiting, timeout=SLICE, return_when=FIRST_COMPLETED)
            answers |= {waiting.pop(future): future.result() for future in done}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return answers


def _had(places: Iterable[str]) -> bool | None:
    """Whether one of the addresses has something; None if somebody did not say."""
    answers = []
    for place in islice(places, FIRST):
        answer = _there(place)
        if answer:
            return True
        answers.append(answer)
    return None if None in answers or not answers else False


def _there(place: str) -> bool | None:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return os.path.exists(unquote(parts.path))  # noqa: PTH110 - a name with NUL raises nothing
    if parts.scheme not in {"http", "https"}:
        return None
    try:
        with urlopen(Request(place, method="HEAD"), timeout=EACH):  # noqa: S310 - http(s), see above
            return True
    except HTTPError as error:
        error.close()
        return False if error.code in GONE else None
    except (OSError, HTTPException, ValueError):
        return None
