"""What is known of mixtures of two environments before they are made: which contradict themselves, and in what order to try packages."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from runner.environments.model import Environment
from runner.errors import EnvironmentFailed
from runner.reproduction.bisecting.conflicts import Installed, conflicts, installed
from runner.reproduction.bisecting.model import Change
from runner.reproduction.mixing.order import ordered
from runner.reproduction.model import Aspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixtures:
    """What lies in the environments of A and of B; nothing where that is not known."""

    a: Mapping[str, Installed] = field(default_factory=dict)
    b: Mapping[str, Installed] = field(default_factory=dict)

    @classmethod
    def of(cls, *environments: Callable[[], Environment]) -> "Mixtures":
        """Of the environments of A and B, as far as they can be had and lie on this machine."""
        try:
            found = [_installed(environment()) for environment in environments]
        except EnvironmentFailed:
            return cls()
        return cls(a=found[0], b=found[1]) if all(found) else cls()

    def contradiction(self, changes: Collection[Change]) -> str | None:
        """Why packages of A with these changes do not go together; what A or B itself does not keep to does not count."""
        chosen = {canonicalize_name(change.name) for change in changes if change.aspect is Aspect.PACKAGE}
        mixture = {name: item for name, item in self.a.items() if name not in chosen}
        mixture |= {name: item for name, item in self.b.items() if name in chosen}
        known = {*conflicts(self.a), *conflicts(self.b)}
        return next((text for text in conflicts(mixture) if text not in known), None)

    def in_order(self, changes: Sequence[Change]) -> list[Change]:
        """Packages behind those that they need, as far as that is known; the rest as it is."""
        if not self.a:
            return list(changes)
        packages = {change.name: change for change in changes if change.aspect is Aspect.PACKAGE}
        needs = {name: set(self._needs(name)) for name in packages}
        turns: Iterator[str] = iter(ordered(list(packages), needs))
        return [
            packages[next(turns)] if change.name in packages and change.aspect is Aspect.PACKAGE else change
            for change in changes
        ]

    def _needs(self, name: str) -> Iterator[str]:
        for side in (self.a, self.b):
            if (item := side.get(canonicalize_name(name))) is not None:
                yield from (canonicalize_name(need.name) for need in item.needs)


def _installed(environment: Environment) -> Mapping[str, Installed]:
    if environment.path is None or environment.interpreter is None:  # in an image
        return {}
    return installed(environment.path, environment.interpreter.version)
