"""The file MLmodel, in which MLflow says how a model is loaded. Whoever logged the model has written it."""

from collections.abc import Mapping
from typing import Any

from runner.errors import TrackingError
from runner.server.native.looking import trees
from runner.server.native.models.signature import signature
from runner.server.native.models.version_shapes import Flavor, MLmodel

NAME = "MLmodel"
LARGEST = 5 * 1024 * 1024  # bytes
MOST_FLAVORS, MOST_VALUES, LONGEST = 20, 40, 300  # values of a flavor, characters of one
PYFUNC = "python_function"


def parsed(data: bytes) -> Mapping[str, Any]:
    """The values.

    Raises:
        TrackingError: it is no MLmodel.
    """
    found = trees.parsed(data, "yaml")
    if not isinstance(found, dict):
        raise TrackingError("it cannot be read as yaml: it holds no keys")
    return found


def told(found: Mapping[str, Any]) -> MLmodel:
    """What pages show of it."""
    flavors = table(found.get("flavors"))
    pyfunc = table(flavors.get(PYFUNC))
    size = found.get("model_size_bytes")
    return MLmodel(
        flavors=[_flavor(name, table(each)) for name, each in list(flavors.items())[:MOST_FLAVORS]],
        signature=signature(found.get("signature")),
        loader=text(pyfunc.get("loader_module")),
        python=text(pyfunc.get("python_version")),
        mlflow=text(found.get("mlflow_version")),
        written=text(found.get("utc_time_created")),
        uuid=text(found.get("model_uuid")),
        size=size if type(size) is int and size >= 0 else None,
        metadata=found.get("metadata"),
    )


def table(given: object) -> Mapping[str, Any]:
    """What should be one."""
    return given if isinstance(given, dict) else {}


def text(given: object) -> str:
    """What should be one."""
    return (
        str(given)[:LONGEST] if isinstance(given, str | int | float) and not isinstance(given, bool) else ""
    )


def _flavor(name: str, values: Mapping[str, Any]) -> Flavor:
    """Its version is kept as `sklearn_version`; of Python functions the version of Python is none."""
    library = f"{name}_version"
    others = {key: text(value) for key, value in values.items() if key != library}
    said = {key[:LONGEST]: value for key, value in others.items() if value}
    return Flavor(
        name=name[:LONGEST],
        version=text(values.get(library)),
        values=dict(list(said.items())[:MOST_VALUES]),
    )
