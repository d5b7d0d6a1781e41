"""What is recorded of a run besides its code: inputs, artifacts, seeds, variables, the statement of provenance."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from runner.files import sha256
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.sources.servers import answering
from tests.test_schemas import DIALECT, schema

READS = """
entry_points:
  main:
    parameters:
      data: {type: path, default: data.csv}
    command: "cat {data}"
"""
ASKS = """
entry_points:
  main:
    parameters:
      there: {type: uri}
    command: "echo {there}"
"""
SEEDED = """
seed: 7
variables: [MODE]
entry_points:
  main: {command: "echo $RUNNER_SEED $PYTHONHASHSEED $MODE"}
  own: {command: "echo $RUNNER_SEED $PYTHONHASHSEED", seed: 8}
"""


def documents(cli: Cli) -> tuple[dict[str, Any], dict[str, Any]]:
    """Plan and record of the newest run, which satisfy their schemas."""
    found = []
    for name in ("plan", "record"):
        document = json.loads(artifact(shown(cli), f"runner/{name}.json").read_text())
        jsonschema.validate(document, schema(name), cls=DIALECT)
        found.append(document)
    return found[0], found[1]


def digest(content: str | bytes) -> str:
    return f"sha256:{sha256(content)}"


def one_input(cli: Cli) -> dict[str, Any]:
    (found,) = documents(cli)[1]["inputs"]
    return dict(found)


# inputs --------------------------------------------------------------------------------------------------------
def test_a_default_in_the_project_is_recorded_with_its_digest(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": READS, "data.csv": "1,2\n"})

    assert cli("run", demo).out == "1,2\n"

    planned, record = documents(cli)
    assert planned["input_digests"] == {"data": digest("1,2\n")}
    assert record["inputs"] == [
        {
            "name": "data",
            "uri": "data.csv",
            "kind": "file",
            "digest": digest("1,2\n"),
            "bytes": 4,
            "files": 1,
            "etag": None,
            "version": None,
            "modified": None,
            "in_project": "data.csv",
        }
    ]
    assert shown(cli)["tags"]["runner.plan"] != ""  # type: ignore[index]


def test_the_digest_of_the_plan_is_that_of_the_plan_that_is_kept(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": READS, "data.csv": "1,2\n"})

    cli("run", demo)

    run = shown(cli)
    kept = json.loads(artifact(run, "runner/plan.json").read_text())
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    assert run["tags"]["runner.plan"] == digest(canonical)  # type: ignore[index]


def test_a_directory_elsewhere_is_one_input(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": READS.replace("cat", "ls")})
    data = files({"a.csv": "1", "deep/b.csv": "23"})

    cli("run", demo, "-P", f"data={data}")

    found = one_input(cli)
    assert (found["kind"], found["bytes"], found["files"], found["in_project"]) == ("directory", 3, 2, None)


def test_inputs_are_not_read_where_nobody_wants_it(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": READS, "data.csv": "1,2\n"})

    cli("run", demo, "--no-digests")

    planned, record = documents(cli)
    assert planned["input_digests"] == {}
    assert record["inputs"] == []


def test_an_input_that_is_no_file_is_run_with_and_told(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": READS.replace("cat", "echo")})
    os.mkfifo(demo / "pipe")

    outcome = cli("run", demo, "-P", f"data={demo}/pipe")

    assert outcome.code == 0
    assert "is no file, but a pipe" in outcome.err
    assert one_input(cli)["digest"] is None


# servers -------------------------------------------------------------------------------------------------------
@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server of one file, and what it was asked."""
    asked: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(f"{request.command} {request.path}")
        weak = "W/" if "weak" in request.path else ""
        request.send_response(404 if "missing" in request.path else 200)
        request.send_header("ETag", f'{weak}"abc"')
        request.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        request.send_header("Content-Length", "4")
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(b"1,2\n")

    with answering(answer) as url:
        yield url, asked


def test_a_uri_is_known_by_the_etag_of_its_server_and_not_downloaded(
    cli: Cli, files: Files, server: tuple[str, list[str]]
) -> None:
    url, asked = server

    cli("run", files({"MLproject": ASKS}), "-P", f"there={url}/x.csv")

    planned, _ = documents(cli)
    found = one_input(cli)
    assert asked == ["HEAD /x.csv"]
    assert planned["input_digests"] == {"there": 'etag:"abc"'}
    assert (found["kind"], found["digest"], found["etag"], found["bytes"]) == ("object", None, '"abc"', 4)
    assert found["modified"] == "Wed, 21 Oct 2015 07:28:00 GMT"


def test_a_fetched_file_has_its_digest_and_the_etag_with_which_it_came(
    cli: Cli, files: Files, server: tuple[str, list[str]]
) -> None:
    url, asked = server

    assert cli("run", files({"MLproject": READS}), "-P", f"data={url}/x.csv").out == "1,2\n"

    found = one_input(cli)
    assert asked == ["GET /x.csv"]
    assert (found["kind"], found["digest"], found["etag"]) == ("file", digest("1,2\n"), '"abc"')


@pytest.mark.parametrize("path", ["weak.csv", "missing.csv"])
def test_a_uri_of_which_nothing_is_known_for_sure_is_told(
    cli: Cli, files: Files, server: tuple[str, list[str]], path: str
) -> None:
    url, _ = server

    outcome = cli("run", files({"MLproject": ASKS}), "-P", f"there={url}/{path}")

    assert outcome.code == 0
    assert f"note: input 'there': which version of {url}/{path} was there is not recorded" in outcome.err
    assert documents(cli)[0]["input_digests"] == {}


def test_a_server_that_is_not_there_ends_no_run(cli: Cli, files: Files) -> None:
    outcome = cli("run", files({"MLproject": ASKS}), "-P", "there=http://user:secret@127.0.0.1:9/x.csv")

    assert outcome.code == 0
    assert one_input(cli)["uri"] == "http://127.0.0.1:9/x.csv"


def test_a_file_uri_is_read_where_it_is(cli: Cli, files: Files) -> None:
    data = files({"x.csv": "1,2\n"}) / "x.csv"

    outcome = cli("run", files({"MLproject": ASKS}), "-P", f"there={data.as_uri()}")

    assert outcome.out.strip() == data.as_uri()
    assert one_input(cli)["digest"] == digest("1,2\n")


# artifacts -----------------------------------------------------------------------------------------------------
def test_every_artifact_is_recorded_whoever_put_it_there(cli: Cli, files: Files, home: Path) -> None:
    into = f"{home}/artifacts/0/$RUNNER_RUN_ID/artifacts"
    demo = files(
        {
            "MLproject": "{outputs: [out.txt, logs/own.txt], entry_points: {main: {command: 'sh write.sh'}}}",
            "write.sh": f"mkdir -p logs {into}/deep; echo 1 > out.txt; echo 3 > logs/own.txt; echo 22 > {into}/deep/own.txt",
        }
    )

    cli("run", demo)

    assert documents(cli)[1]["artifacts"] == [
        {"path": "deep/own.txt", "bytes": 3, "digest": digest("22\n")},
        {"path": "out.txt", "bytes": 2, "digest": digest("1\n")},
        {"path": "outputs/logs/own.txt", "bytes": 2, "digest": digest("3\n")},
    ]


# seeds and variables -------------------------------------------------------------------------------------------
@pytest.fixture
def seeded(files: Files, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODE", "fast")
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    return files({"MLproject": SEEDED})


@pytest.mark.parametrize(
    ("options", "seed"),
    [([], 7), (["-e", "own"], 8), (["--seed", "9"], 9), (["-e", "own", "--seed", "0"], 0)],
)
def test_the_seed_reaches_the_program_and_the_plan(
    cli: Cli, seeded: Path, options: list[str], seed: int
) -> None:
    outcome = cli("run", seeded, *options)

    assert outcome.out.split()[:2] == [str(seed), str(seed)]
    planned, record = documents(cli)
    assert planned["seed"] == seed
    assert record["variables"]["PYTHONHASHSEED"] == str(seed)


def test_without_a_seed_sets_have_the_same_order_in_each_run(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    demo = files({"MLproject": "entry_points: {main: {command: 'echo ${RUNNER_SEED-none} $PYTHONHASHSEED'}}"})

    assert cli("run", demo).out == "none 0\n"
    assert documents(cli)[0]["seed"] is None
    monkeypatch.setenv("PYTHONHASHSEED", "5")
    assert cli("run", demo).out == "none 5\n"
    assert documents(cli)[1]["variables"]["PYTHONHASHSEED"] == "5"
    monkeypatch.setenv("RUNNER_SEED", "3")  # of a run around it
    assert cli("run", demo).out == "3 3\n"
    assert documents(cli)[0]["seed"] == 3


def test_variables_that_the_project_names_are_recorded_and_no_others(
    cli: Cli, seeded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVATE", "nobody's business")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    cli("run", seeded)

    variables = documents(cli)[1]["variables"]
    assert variables["MODE"] == "fast"
    assert variables["OMP_NUM_THREADS"] == "3"
    assert "PRIVATE" not in variables


def test_no_secret_is_recorded_with_a_variable(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "https://me:pass@host/x")
    monkeypatch.setenv("SAME", "as hunter2 is")
    demo = files(
        {
            "MLproject": """
            variables: [WHERE, SAME]
            entry_points: {main: {command: 'true', parameters: {key: {secret: true}}}}
            """
        }
    )

    cli("run", demo, "-P", "key=hunter2")

    variables = documents(cli)[1]["variables"]
    assert (variables["WHERE"], variables["SAME"]) == ("https://host/x", "********")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seed: -1", "1:7: 'seed' must be a whole number from 0 to 4294967295, not '-1'"),
        ("seed: yes", "1:7: 'seed' must be a whole number"),
        ("variables: MODE", "1:12: 'variables' must be a list of names"),
        ("variables: [A-B]", "1:13: 'variables' must be a list of names"),
        ("variables: [API_TOKEN]", "1:13: 'variables': the value of API_TOKEN would be recorded"),
    ],
)
def test_what_is_no_seed_or_variable_is_told_with_its_place(
    cli: Cli, files: Files, line: str, message: str
) -> None:
    outcome = cli("run", files({"MLproject": f"{line}\nentry_points: {{main: {{command: 'true'}}}}"}))

    assert outcome.code == 5
    assert message in outcome.err


# provenance ----------------------------------------------------------------------------------------------------
def validated(cli: Cli) -> dict[str, Any]:
    """The statement of the newest run, which in-toto's own types take."""
    document: dict[str, Any] = json.loads(artifact(shown(cli), "runner/provenance.json").read_text())
    predicate = json_format.ParseDict(document["predicate"], Struct())
    subjects = [ResourceDescriptor(**_descriptor(entry)).pb for entry in document["subject"]]
    Statement(subjects, document["predicateType"], predicate).validate()
    parsed = json_format.ParseDict(
        document["predicate"], provenance_pb2.Provenance()
    )  # refuses unknown fields
    for entry in parsed.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(entry).validate()
    return document


def _descriptor(entry: dict[str, Any]) -> dict[str, Any]:
    return {"name": entry["name"], "digest": entry["digest"]}


def test_the_statement_of_a_run_is_one_to_in_totos_own_types(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": "seed: 1\noutputs: out.txt\n" + READS.replace("cat {data}", "cp {data} out.txt"),
            "data.csv": "1,2\n",
        }
    )

    cli("run", demo)

    document = validated(cli)
    run = shown(cli)
    record = artifact(run, "runner/record.json").read_bytes()
    assert {entry["name"]: entry["digest"]["sha256"] for entry in document["subject"]} == {
        "out.txt": sha256("1,2\n"),
        "runner/record.json": sha256(record),
    }
    definition = document["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["entryPoint"] == "main"
    assert definition["externalParameters"]["seed"] == 1
    by_name = {entry.get("name"): entry for entry in definition["resolvedDependencies"]}
    assert by_name["data"]["digest"] == {"sha256": sha256("1,2\n")}
    assert document["predicate"]["runDetails"]["metadata"]["invocationId"] == run["run_id"]


def test_a_run_that_leaves_nothing_has_its_record_as_subject(cli: Cli, files: Files) -> None:
    cli("run", files({"MLproject": "entry_points: {main: {command: 'exit 3'}}"}))

    document = validated(cli)

    assert [entry["name"] for entry in document["subject"]] == ["runner/record.json"]
    assert document["predicate"]["buildDefinition"]["internalParameters"]["exit"]["code"] == 3


def test_no_secret_is_in_the_statement(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": """
            entry_points:
              main:
                command: "echo {there} > /dev/null"
                parameters: {key: {secret: true}, there: string}
            """
        }
    )

    cli("run", demo, "-P", "key=hunter2", "-P", "there=https://me:pass@host/x")

    validated(cli)
    text = artifact(shown(cli), "runner/provenance.json").read_text()
    assert "hunter2" not in text
    assert "me:pass" not in text
