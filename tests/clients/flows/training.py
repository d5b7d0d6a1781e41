"""The model that is logged: small, and always the same."""

from typing import Any

import mlflow
import mlflow.sklearn
from sklearn.linear_model import LogisticRegression


def trained() -> Any:
    return LogisticRegression(C=0.5).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def predicted(model: Any) -> list[int]:
    return [int(label) for label in model.predict([[0.0], [3.0]])]


def log_model(name: str, **options: Any) -> Any:
    """The second argument was `artifact_path` and is `name`; requirements are given because finding them takes seconds."""
    return mlflow.sklearn.log_model(trained(), name, pip_requirements=["scikit-learn"], **options)
