"""Users, tokens and permissions in the database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from runner.errors import Conflict, NotFound, TrackingError
from runner.tracking.access import SIGNED_IN, Grant, Kind, Permission, Reader, Token, User
from runner.tracking.clock import now
from runner.tracking.database import Connection, Database
from runner.tracking.sql import permissions
from runner.tracking.sql.conditions import Sql
from runner.tracking.sql.repeating import repeating

LONGEST = 250  # characters of a name


@repeating
class SqlUsers:
    """See `access.Users`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[User]:
        with self._database.reading() as db:
            return [user for user, _ in _users(db, "1 = 1", {})]

    def get(self, name: str) -> User:
        with self._database.reading() as db:
            return _named(db, name)

    def add(self, name: str, *, password_hash: str | None, admin: bool = False) -> User:
        _check_name(name, "a user", forbidden=":")
        with self._database.transaction() as db:
            if _users(db, "name = :name", {"name": name}):
                raise Conflict(f"there is a user {name!r} already")
            db.execute(
                "INSERT INTO runner_users (name, password_hash, is_admin, created)"
                " VALUES (:name, :hash, :admin, :now)",
                {"name": name, "hash": password_hash, "admin": admin, "now": now()},
            )
            return _named(db, name)

    def remove(self, name: str) -> None:
        with self._database.transaction() as db:
            db.execute("DELETE FROM runner_users WHERE id = :id", {"id": _named(db, name).id})

    def set_password(self, name: str, password_hash: str) -> None:
        with self._database.transaction() as db:
            values = {"hash": password_hash, "id": _named(db, name).id, "sessions": f"{SIGNED_IN}%"}
            db.execute("UPDATE runner_users SET password_hash = :hash WHERE id = :id", values)
            db.execute("DELETE FROM runner_tokens WHERE user_id = :id AND name LIKE :sessions", values)

    def set_admin(self, name: str, admin: bool) -> None:
        with self._database.transaction() as db:
            db.execute(
                "UPDATE runner_users SET is_admin = :admin WHERE id = :id",
                {"admin": admin, "id": _named(db, name).id},
            )

    def secret(self, name: str) -> tuple[User, str | None] | None:
        with self._database.reading() as db:
            found = _users(db, "name = :name", {"name": name})
            return found[0] if found else None

    # tokens -----------------------------------------------------------------------------------------------
    def add_token(self, user: str, name: str, *, digest: str, ending: str, expires: int | None) -> Token:
        _check_name(name, "a token")
        with self._database.transaction() as db:
            owner = _named(db, user)
            where = "u.id = :user AND t.name = :name"
            if _tokens(db, where, {"user": owner.id, "name": name}):
                raise Conflict(
                    f"user {user!r} has a token {name!r} already", hint="--name takes another name"
                )
            db.execute(
                "INSERT INTO runner_tokens (user_id, name, digest, ending, created, expires)"
                " VALUES (:user, :name, :digest, :ending, :now, :expires)",
                {
                    "user": owner.id,
                    "name": name,
                    "digest": digest,
                    "ending": ending,
                    "now": now(),
                    "expires": expires,
                },
            )
            return _tokens(db, where, {"user": owner.id, "name": name})[0]

    def tokens(self, user: str | None = None) -> Sequence[Token]:
        with self._database.reading() as db:
            if user is None:
                return _tokens(db, "1 = 1", {})
            return _tokens(db, "u.id = :user", {"user": _named(db, user).id})

    def revoke_token(self, user: str, name: str) -> None:
        with self._database.transaction() as db:
            values = {"user": _named(db, user).id, "name": name}
            if not _tokens(db, "u.id = :user AND t.name = :name", values):
                raise NotFound(
                    f"user {user!r} has no token {name!r}", hint="`runner tokens list` shows all tokens"
                )
            db.execute("DELETE FROM runner_tokens WHERE user_id = :user AND name = :name", values)

    def with_token(self, digest: str, now: int) -> User | None:
        where = (
            "id = (SELECT user_id FROM runner_tokens"
            " WHERE digest = :digest AND (expires IS NULL OR expires > :now))"
        )
        with self._database.reading() as db:
            found = _users(db, where, {"digest": digest, "now": now})
            return found[0][0] if found else None

    # permissions ------------------------------------------------------------------------------------------
    def grant(self, user: str, kind: Kind, key: str, permission: Permission) -> Grant:
        with self._database.transaction() as db:
            permissions.grant(db, _named(db, user).id, kind, key, permission)
        return Grant(user, kind, key, permission)

    def revoke(self, user: str, kind: Kind, key: str) -> None:
        with self._database.transaction() as db:
            permissions.revoke(db, _named(db, user).id, kind, key)

    def grants(self, user: str) -> Sequence[Grant]:
        with self._database.reading() as db:
            number = _named(db, user).id
            return [
                Grant(user, kind, key, permission)
                for kind in (Kind.EXPERIMENT, Kind.MODEL)
                for key, permission in permissions.granted(db, number, kind)
            ]

    def held(self, user_id: int, kind: Kind, keys: Collection[str]) -> Mapping[str, Permission | None]:
        with self._database.reading() as db:
            return permissions.held(db, user_id, kind, keys)

    def readable(self, reader: Reader) -> Sequence[str]:
        sql = Sql()
        (condition,) = permissions.conditions(sql, Kind.EXPERIMENT, reader, "id")
        with self._database.reading() as db:
            rows = db.execute(f"SELECT id FROM runner_experiments WHERE {condition}", sql.values)
            return [str(number) for (number,) in rows]


def _users(db: Connection, where: str, values: Mapping[str, Any]) -> list[tuple[User, str | None]]:
    rows = db.execute(
        f"SELECT id, name, is_admin, created, password_hash FROM runner_users WHERE {where} ORDER BY name",
        values,
    )
    return [
        (
            User(id=number, name=name, admin=bool(admin), created=created, has_password=hash_ is not None),
            hash_,
        )
        for number, name, admin, created, hash_ in rows
    ]


def _named(db: Connection, name: str) -> User:
    for user, _ in _users(db, "name = :name", {"name": name}):
        return user
    raise NotFound(f"there is no user {name!r}", hint="`runner users list` shows all")


def _tokens(db: Connection, where: str, values: Mapping[str, Any]) -> list[Token]:
    rows = db.execute(
        "SELECT u.name, t.name, t.ending, t.created, t.expires FROM runner_tokens t"
        f" JOIN runner_users u ON u.id = t.user_id WHERE {where} ORDER BY t.created DESC, t.id DESC",
        values,
    )
    return [
        Token(user=user, name=name, ending=ending, created=created, expires=expires)
        for user, name, ending, created, expires in rows
    ]


def _check_name(name: str, what: str, *, forbidden: str = "") -> None:
    if not name.strip() or name != name.strip() or len(name) > LONGEST or not name.isprintable():
        raise TrackingError(
            f"{name!r} is no name for {what}", hint=f"up to {LONGEST} printable characters, no space around"
        )
    if set(forbidden) & set(name):
        raise TrackingError(f"{name!r} is no name for {what}: it must not hold {forbidden!r}")
