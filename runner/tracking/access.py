"""Who may do what: users, their tokens, their permissions. Values, and what keeps them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

SIGNED_IN = (
    "sign-in "  # begins the names of tokens that browsers have from signing in; they end with the password
)


class Permission(StrEnum):
    """What somebody may do with an experiment or a registered model; each reaches what the ones before it reach."""

    NONE = "NONE"
    READ = "READ"
    EDIT = "EDIT"
    MANAGE = "MANAGE"  # delete, too

    def reaches(self, wanted: "Permission") -> bool:
        """Whether it is enough where `wanted` is asked for."""
        return _RANK[self] >= _RANK[wanted]


_RANK = {permission: rank for rank, permission in enumerate(Permission)}


class Kind(StrEnum):
    """What permissions are about: runs and logged models have those of their experiment, versions those of their model."""

    EXPERIMENT = "experiment"
    RUN = "run"
    LOGGED_MODEL = "logged model"
    MODEL = "registered model"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in. An admin may do everything."""

    id: int
    name: str
    admin: bool
    created: int
    has_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of a user, as it can be shown: the token itself is not kept, only its last characters."""

    user: str
    name: str
    ending: str
    created: int
    expires: int | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission of a user on an experiment (by id) or on a registered model (by name)."""

    user: str
    kind: Kind
    key: str
    permission: Permission


@dataclass(frozen=True, slots=True)
class Reader:
    """Who searches. They find what a permission, or else `default`, lets them read."""

    user_id: int
    default: Permission


class Users(Protocol):
    """Users as they are kept. Errors as in `Store`; passwords come here as hashes only."""

    def all(self) -> Sequence[User]:
        """All of them, by name."""
        ...

    def get(self, name: str) -> User: ...

    def add(self, name: str, *, password_hash: str | None, admin: bool = False) -> User: ...

    def remove(self, name: str) -> None:
        """The user with all tokens and permissions; what they recorded stays."""
        ...

    def set_password(self, name: str, password_hash: str) -> None:
        """Whoever is signed in by the old one in a browser is no more."""
        ...

    def set_admin(self, name: str, admin: bool) -> None: ...

    def secret(self, name: str) -> tuple[User, str | None] | None:
        """The user and the hash of the password, if there is such a user."""
        ...

    # tokens -----------------------------------------------------------------------------------------------
    def add_token(self, user: str, name: str, *, digest: str, ending: str, expires: int | None) -> Token: ...

    def tokens(self, user: str | None = None) -> Sequence[Token]:
        """Those of a user, or of all; newest first."""
        ...

    def revoke_token(self, user: str, name: str) -> None: ...

    def with_token(self, digest: str, now: int) -> User | None:
        """Whose token that is, unless it has expired."""
        ...

    # permissions ------------------------------------------------------------------------------------------
    def grant(self, user: str, kind: Kind, key: str, permission: Permission) -> Grant:
        """In place of the one before; `kind` is EXPERIMENT or MODEL."""
        ...

    def revoke(self, user: str, kind: Kind, key: str) -> None: ...

    def grants(self, user: str) -> Sequence[Grant]: ...

    def held(self, user_id: int, kind: Kind, keys: Collection[str]) -> Mapping[str, Permission | None]:
        """Permissions on those of `keys` that exist; None where only the default counts."""
        ...

    def readable(self, reader: Reader) -> Sequence[str]:
        """Ids of all experiments that they may read."""
        ...
