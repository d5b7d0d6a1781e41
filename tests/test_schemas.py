"""The schemas say what the code says: same keys, and documents of real runs satisfy them."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from runner.launch import machine
from runner.launch.inputs import Input
from runner.launch.plan import SCHEMA, Plan, PlannedEnvironment, PlannedLock, PlannedSource
from runner.project import docker, environment, file, parameters
from runner.project.values import NAMES, Kind
from runner.tracking.model import RunStatus
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files

SCHEMAS = Path(__file__).parent.parent / "schemas"
DIALECT = jsonschema.Draft202012Validator
HASHED = "six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n"

Schema = dict[str, Any]

each = pytest.mark.parametrize


def schema(name: str) -> Schema:
    found: Schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return found


def fields(model: Any) -> set[str]:
    return set(model.__struct_fields__)


@each("path", sorted(SCHEMAS.glob("*.schema.json")), ids=lambda path: path.name)
def test_each_schema_is_one(path: Path) -> None:
    document = json.loads(path.read_text())

    DIALECT.check_schema(document)
    assert document["$schema"] == DIALECT.META_SCHEMA["$id"]
    assert document["$id"].endswith(path.name)
    assert document["title"]
    assert document["description"]


@each(
    ("found", "known"),
    [
        (schema("mlproject"), file.KEYS),
        (schema("mlproject")["$defs"]["entryPoint"], file.ENTRY_POINT_KEYS),
        (schema("mlproject")["$defs"]["declaration"], parameters.KEYS),
        (schema("mlproject")["$defs"]["dockerEnv"], docker.KEYS),
        (schema("python_env"), environment.KEYS),
    ],
    ids=["project", "entry point", "parameter", "docker_env", "python_env"],
)
def test_a_schema_of_a_file_has_the_keys_that_are_read(found: Schema, known: tuple[str, ...]) -> None:
    assert set(found["properties"]) == set(known)


def test_the_plan_is_written_as_its_schema_says() -> None:
    written = schema("plan")["properties"]
    environment_ = written["environment"]["properties"]

    assert set(written) == fields(Plan) | {"schema"}
    assert set(written["source"]["properties"]) == fields(PlannedSource)
    assert set(environment_) == fields(PlannedEnvironment)
    assert set(environment_["lock"]["oneOf"][1]["properties"]) == fields(PlannedLock)
    assert written["schema"]["const"] == SCHEMA


def test_the_record_is_written_as_its_schema_says() -> None:
    written = schema("record")["properties"]

    assert set(written["inputs"]["items"]["properties"]) == fields(Input)
    assert set(written["machine"]["properties"]) == set(machine.facts())


def test_the_record_knows_the_statuses_in_which_we_end_a_run() -> None:
    ended = {status.value for status in RunStatus if status.ended}

    assert set(schema("record")["properties"]["status"]["enum"]) == ended - {"LOST"}


def test_the_project_file_page_names_every_key_and_type() -> None:
    page = (SCHEMAS.parent / "docs/reference/project-file.md").read_text()
    keys = {
        *file.KEYS, *file.ENTRY_POINT_KEYS, *parameters.KEYS, *docker.KEYS, *environment.KEYS, *NAMES, *get_args(Kind),
    }  # fmt: skip

    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []


def check_documents(run: dict[str, object]) -> tuple[Any, Any]:
    documents = []
    for name in ("plan", "record"):
        document = json.loads(artifact(run, f"runner/{name}.json").read_text())
        jsonschema.validate(document, schema(name), cls=DIALECT)
        documents.append(document)
    return documents[0], documents[1]


def test_a_run_that_fails_before_its_program_satisfies_the_schemas(cli: Cli, files: Files) -> None:
    demo = files(
        {"MLproject": "entry_points: {main: {command: 'true'}}", "python_env.yaml": "python: '1.2.3'"}
    )

    cli("run", demo)

    planned, record = check_documents(shown(cli))
    assert planned["environment"] == {
        "kind": "virtualenv",
        "file": "python_env.yaml",
        "python": "1.2.3",
        "lock": None,
        "docker_args": [],
        "build_image": False,
        "manager": "auto",
        "image": None,
    }
    assert record["exit"] is None


@pytest.mark.network
@pytest.mark.slow
def test_a_run_with_hashed_requirements_satisfies_the_schemas(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'true'}}", "requirements.txt": HASHED})

    outcome = cli("run", demo)

    assert outcome.code == 0, outcome.err
    planned, record = check_documents(shown(cli))
    assert planned["environment"]["lock"]["kind"] == "requirements"
    assert record["environment"]["packages"] == 1
