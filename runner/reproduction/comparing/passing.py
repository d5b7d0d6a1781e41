"""What is not compared: what differs by nature, and what the person says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from runner.reproduction.comparing.timings import by_nature

DRAWING = "estimator.html"  # by mlflow.sklearn.autolog: what scikit-learn shows in a notebook


@dataclass(frozen=True, slots=True)
class Passing:
    """Patterns of names that the person does not want compared: params, metrics, paths of artifacts.

    `report.json:created` is a place in an artifact: a key or a column.
    """

    patterns: Sequence[str] = ()

    def asked(self, name: str) -> bool:
        """Whether the person says so."""
        return any(fnmatchcase(name, pattern) for pattern in self.patterns)

    def metric(self, key: str) -> str:
        """Why a metric is not compared; "" if it is."""
        if self.asked(key):
            return "as asked"
        return "measures time or the machine" if by_nature(key) else ""

    def artifact(self, path: str) -> str:
        """Why a file is not compared; "" if it is."""
        if self.asked(path):
            return "as asked"
        return "MLflow's drawing of an estimator, times included" if path == DRAWING else ""

    def inside(self, path: str) -> Callable[[str], bool]:
        """Whether a place in that artifact is not compared."""
        patterns = Passing([pattern for pattern in self.patterns if ":" in pattern])
        return lambda place: by_nature(place.rpartition(".")[2]) or patterns.asked(f"{path}:{place}")
