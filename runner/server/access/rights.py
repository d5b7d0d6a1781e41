"""What one user may do, asked of the store at each request: so that what an administrator changes counts at once."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from runner.errors import NotFound, RunnerError
from runner.server.errors import NotPermitted
from runner.tracking.access import Kind, Permission, Reader, User, Users

READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE


@dataclass(frozen=True, slots=True)
class Rights:
    """A user's rights by the permissions in `users`, or else by `default`.

    What somebody may not read does not exist for them: it is answered in the same words as what does not exist at all.
    """

    users: Users
    user: User
    default: Permission

    @property
    def reader(self) -> Reader:
        """For searches."""
        return Reader(self.user.id, self.default)

    def need(self, wanted: Permission, kind: Kind, key: str) -> None:
        """Raises unless the user may do so much with the experiment, run or model."""
        for refusal in self.refusals(wanted, kind, [key]):
            if refusal is not None:
                raise refusal

    def need_all(self, wanted: Permission, kind: Kind, keys: Collection[str]) -> None:
        """The same for each of them."""
        for refusal in self.refusals(wanted, kind, keys):
            if refusal is not None:
                raise refusal

    def refusals(self, wanted: Permission, kind: Kind, keys: Collection[str]) -> list[RunnerError | None]:
        """For each in turn None, or why the user may not do so much."""
        held = self.users.held(self.user.id, kind, keys) if keys else {}

        def refusal(key: str) -> RunnerError | None:
            permission = held[key] or self.default if key in held else Permission.NONE
            if not permission.reaches(READ):
                return NotFound(f"there is no {kind} {key!r}")
            if permission.reaches(wanted):
                return None
            return NotPermitted(
                f"{wanted} on {kind} {key!r} is needed for that; user {self.user.name!r} has {permission}"
            )

        return [refusal(key) for key in keys]

    def readable(self, kind: Kind, keys: Iterable[str]) -> list[str]:
        """Those of them that the user may read."""
        asked = list(dict.fromkeys(keys))
        refusals = self.refusals(READ, kind, asked)
        return [key for key, refusal in zip(asked, refusals, strict=True) if refusal is None]

    def own(self, kind: Kind, key: str) -> None:
        """Who creates something manages it."""
        self.users.grant(self.user.name, kind, key, MANAGE)
