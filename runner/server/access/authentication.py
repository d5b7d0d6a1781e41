"""Who calls, by user and password, by token, or by the cookie of a browser (sessions.py).

To verify a password takes tens of milliseconds on purpose. So what was verified is remembered, under a keyed hash, for some
seconds; then the user is read again, and the password is verified again only if it was changed. A removed user, a changed
password and a revoked token are therefore known here after `FRESH` seconds at most; permissions are asked for at each request.
"""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from runner.server.access import sessions
from runner.server.access.attempts import Attempts
from runner.server.access.caller import Caller, everything
from runner.server.access.credentials import Credentials, parsed
from runner.server.access.passwords import PREFIX, digest, fits, nobody
from runner.server.access.permitted import PermittedStore
from runner.tracking.access import Permission, User
from runner.tracking.clock import now
from runner.tracking.store import Store

FRESH = 2.0  # seconds for which a user is not read again
REMEMBERED = 4096  # credentials, the last used ones
HASHERS = 2  # passwords verified at once: each takes 64 MiB and a core
WAITING = 200  # passwords that wait to be verified
LONGEST = 8192  # characters of the header


@dataclass(frozen=True, slots=True)
class Verified:
    """Credentials that were right: whose, by what password hash, and until when that need not be looked at again."""

    caller: Caller
    password_hash: str | None
    until: float


class Users:
    """Callers by the users of a store; what they have no permission for they may do by `default`."""

    def __init__(self, store: Store, *, default: Permission) -> None:
        self._store = store
        self._default = default
        self._attempts = Attempts()
        self._key = secrets.token_bytes(32)
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()
        self._asked: dict[bytes, asyncio.Task[Verified | None]] = {}
        self._callers: dict[str, tuple[User, Caller]] = {}
        self._hashers = ThreadPoolExecutor(HASHERS, "password")
        self._hashers.submit(nobody)  # lest the first stranger waits longer than others

    async def __call__(self, headers: Mapping[str, str], address: str) -> Caller | None:
        """See `caller.Authenticate`."""
        authorization = headers.get("authorization") or sessions.authorization(headers)
        if not authorization or len(authorization) > LONGEST:
            return None
        key = hashlib.blake2b(authorization.encode(), key=self._key, digest_size=32).digest()
        known = self._verified.get(key)
        if known is not None and monotonic() < known.until:
            return known.caller
        credentials = parsed(authorization)
        if credentials is None or not (credentials.user or _is_token(credentials)):
            return None
        found = await self._once(key, credentials, known, address)
        return found.caller if found else None

    def close(self) -> None:
        """Let the threads end."""
        self._hashers.shutdown(wait=False, cancel_futures=True)

    async def _once(
        self, key: bytes, credentials: Credentials, known: Verified | None, address: str
    ) -> Verified | None:
        """Many requests that come at once with the same credentials wait for one answer."""
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(self._remembered(key, credentials, known, address))
            self._asked[key] = task
            task.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(task)

    async def _remembered(
        self, key: bytes, credentials: Credentials, known: Verified | None, address: str
    ) -> Verified | None:
        found = await self._verify(credentials, known, address)
        self._verified.pop(key, None)
        if found is not None:
            self._verified[key] = found
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        return found

    async def _verify(
        self, credentials: Credentials, known: Verified | None, address: str
    ) -> Verified | None:
        if _is_token(credentials):
            owner = await run_in_threadpool(self._store.users.with_token, digest(credentials.secret), now())
            fitting = owner is not None and credentials.user in {"", owner.name}
            return self._as(owner) if owner is not None and fitting else None
        kept = await run_in_threadpool(self._store.users.secret, credentials.user)
        user, password_hash = kept or (None, None)
        if user is not None and known is not None and known.password_hash == password_hash:
            return self._as(user, password_hash)  # verified before, and not changed since
        right = await self._right(credentials, password_hash, address)
        return self._as(user, password_hash) if user is not None and right else None

    async def _right(self, credentials: Credentials, password_hash: str | None, address: str) -> bool:
        """Whether the password is right.

        Raises:
            HTTPException: too many attempts have failed, or too many wait.
        """
        if wait := self._attempts.wait(credentials.user, address):
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many failed sign-ins: try again in {wait} seconds",
                headers={"Retry-After": str(wait)},
            )
        if len(self._asked) > WAITING:
            raise HTTPException(
                HTTPStatus.SERVICE_UNAVAILABLE, "Too many sign-ins at once", headers={"Retry-After": "1"}
            )
        self._attempts.failed(credentials.user, address)  # until we know better: others may come meanwhile
        loop = asyncio.get_running_loop()
        right = await loop.run_in_executor(self._hashers, fits, credentials.secret, password_hash)
        if right:
            self._attempts.succeeded(credentials.user, address)
        return right

    def _as(self, user: User, password_hash: str | None = None) -> Verified:
        return Verified(self._caller(user), password_hash, monotonic() + FRESH)

    def _caller(self, user: User) -> Caller:
        """The same object for the same user: writes of one caller are done together."""
        before = self._callers.get(user.name)
        if before is not None and before[0] == user:
            return before[1]
        default = self._default

        def view(store: Store) -> Store:
            return PermittedStore(store, user, default)

        caller = Caller(everything if user.admin else view, user=user.name)
        self._callers[user.name] = (user, caller)
        return caller


def _is_token(credentials: Credentials) -> bool:
    """Whether the secret looks like one of our tokens."""
    return credentials.secret.startswith(PREFIX)
