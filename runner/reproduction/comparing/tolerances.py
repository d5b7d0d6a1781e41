"""How close is close enough, for all results or for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.reproduction.model import Tolerance

EXACT = Tolerance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """A tolerance of each result, by kind and name; `otherwise` is that of all others.

    `unsteady` are results that are another in every repetition in a way that no number tells: that they differ says nothing.
    """

    otherwise: Tolerance = EXACT
    of: Mapping[tuple[str, str], Tolerance] = field(default_factory=dict)
    unsteady: frozenset[tuple[str, str]] = frozenset()

    def to(self, kind: str, name: str) -> Tolerance:
        """What one result is granted."""
        return self.of.get((kind, name), self.otherwise)
