"""Every project file of the table in `cases/`: read, bound and rendered by us, by MLflow, and seen by the schemas."""

import json
import re
import shlex
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from runner import project
from runner.project import composing
from tests.project import corpus
from tests.project.corpus import Case

ALL = corpus.cases()
RENDERED = [case for case in ALL if "command" in case.expected]
SEEN_BY_SCHEMAS = [case for case in ALL if case.yaml == "sound" and case.mlproject is not None]
NOT_RENDERED = [case for case in ALL if "command" not in case.expected]
ROOT = Path(__file__).parents[2]
SCHEMAS, EXAMPLES = ROOT / "schemas", ROOT / "example_projects"

each = pytest.mark.parametrize


@each("case", ALL, ids=lambda case: case.name)
def test_a_project_is_read_and_rendered_as_the_table_says(case: Case, tmp_path: Path) -> None:
    assert corpus.outcome(case, case.write(tmp_path)) == case.expected


@each("case", RENDERED, ids=lambda case: case.name)
def test_mlflow_renders_the_same_bytes_unless_the_table_says_why_not(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = case.write(tmp_path)
    monkeypatch.setenv("SHELL", "bash")

    match case.mlflow:
        case None:
            assert corpus.mlflow_command(case, directory) == case.expected["command"]
        case {"renders": command, "because": _}:
            assert corpus.mlflow_command(case, directory) == command != case.expected["command"]
        case {"raises": error, "because": _}:
            with pytest.raises(Exception) as raised:  # noqa: PT011 - any that the table names
                corpus.mlflow_command(case, directory)
            assert type(raised.value).__name__ == error
        case other:
            pytest.fail(f"the table says neither what MLflow renders nor what it raises: {other}")


@each("case", [case for case in RENDERED if case.mlflow is None], ids=lambda case: case.name)
def test_mlflow_has_the_same_values_but_quoted(case: Case, tmp_path: Path) -> None:
    declared, extra = corpus.mlflow_values(case, case.write(tmp_path))

    values = case.expected.get("values", {})
    undeclared = {name: text for name, text in case.given.items() if name not in values}
    assert declared == {name: shlex.quote(text) for name, text in values.items()}
    assert extra == {shlex.quote(name): shlex.quote(text) for name, text in undeclared.items()}


@each("case", NOT_RENDERED, ids=lambda case: case.name)
def test_what_we_refuse_mlflow_does_not_run_either_unless_the_table_says_why(
    case: Case, tmp_path: Path
) -> None:
    directory = case.write(tmp_path)

    if case.mlflow is not None:
        assert corpus.mlflow_command(case, directory) == case.mlflow["renders"]
        assert case.mlflow["because"]
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 - a message or a crash, as it comes
            corpus.mlflow_command(case, directory)


@each("case", SEEN_BY_SCHEMAS, ids=lambda case: case.name)
def test_the_schemas_agree_with_the_parser(case: Case, tmp_path: Path) -> None:
    files = {case.env_file: "python_env"} if case.env_file else {"MLproject": "mlproject"}
    directory = case.write(tmp_path)
    wrong = [name for name, schema in files.items() if not _satisfies(directory / name, schema)]

    error = case.expected.get("error", "")
    by_shape = any(error.startswith(f"{name}:") for name in files) and "does not exist" not in error
    assert bool(wrong) == (by_shape and case.schema != "blind")


SOUND_ENVIRONMENTS = [case for case in ALL if "env.yaml" in case.files and "error" not in case.expected]


@each("case", SOUND_ENVIRONMENTS, ids=lambda case: case.name)
def test_a_python_env_that_is_read_satisfies_its_schema(case: Case, tmp_path: Path) -> None:
    assert _satisfies(case.write(tmp_path) / "env.yaml", "python_env")


@each("path", sorted(EXAMPLES.glob("*/MLproject")), ids=lambda path: path.parent.name)
def test_the_schemas_accept_the_examples(path: Path) -> None:
    environment = path.with_name("python_env.yaml")

    assert _satisfies(path, "mlproject")
    assert not environment.exists() or _satisfies(environment, "python_env")
    assert project.load(path.parent, environment=False).entry_points


@each("case", ALL, ids=lambda case: case.name)
def test_without_libyaml_it_is_the_same(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "Loader", yaml.SafeLoader)

    found = corpus.outcome(case, case.write(tmp_path))

    assert _without_columns(found) == _without_columns(dict(case.expected))


@each("case", ALL, ids=lambda case: case.name)
def test_what_is_remembered_of_its_files_is_the_same(case: Case, tmp_path: Path) -> None:
    directory, memory = case.write(tmp_path), tmp_path / "memory"
    corpus.outcome(case, directory, memory)

    assert corpus.outcome(case, directory, memory) == case.expected


def test_the_table_is_large_and_its_names_are_unique() -> None:
    assert len(ALL) >= 120
    assert [name for name, count in Counter(case.name for case in ALL).items() if count > 1] == []


@each("name", ["mlproject", "python_env"])
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(_schema(name))


def _schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def _satisfies(path: Path, schema: str) -> bool:
    value = _jsonable(yaml.safe_load(path.read_bytes()))
    return bool(Draft202012Validator(_schema(schema)).is_valid(value))


def _jsonable(value: object) -> object:
    """As an editor sees it: keys are texts, dates are texts."""
    match value:
        case dict():
            return {str(key): _jsonable(item) for key, item in value.items()}
        case list():
            return [_jsonable(item) for item in value]
        case date():
            return str(value)
        case _:
            return value


def _without_columns(found: dict[str, Any]) -> str:
    """The two halves of PyYAML count the column of an escape differently."""
    return re.sub(r"(MLproject:\d+):\d+", r"\1", json.dumps(found, sort_keys=True))
