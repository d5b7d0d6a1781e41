"""`runner run`, the main job, through the front door."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import Cli, Files

ECHO = """
entry_points:
  main:
    parameters: {note: {type: string, default: hello}}
    command: "echo {note}"
"""


def shown(cli: Cli, reference: str = "-1") -> dict[str, object]:
    """The run as `runs show --json` has it."""
    outcome = cli("runs", "show", reference, "--json")
    assert outcome.code == 0, outcome.err
    found: dict[str, object] = json.loads(outcome.out)
    return found


def artifact(run: dict[str, object], path: str) -> Path:
    return Path(str(run["artifact_uri"]).removeprefix("file://")) / path


def test_a_parameter_reaches_the_program_and_the_record_unchanged(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": ECHO})

    outcome = cli("run", demo, "-P", "note=two words; echo no 'quotes'")

    assert outcome.code == 0
    assert outcome.out == "two words; echo no 'quotes'\n"
    run = shown(cli)
    assert run["params"] == {"note": "two words; echo no 'quotes'"}
    assert run["status"] == "FINISHED"


def test_the_exit_code_is_the_programs_and_the_run_has_failed(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'exit 37'}}"})

    outcome = cli("run", demo)

    assert outcome.code == 37
    run = shown(cli)
    assert run["status"] == "FAILED"
    assert run["tags"]["runner.exit_code"] == "37"  # type: ignore[index]


def test_the_output_is_live_untouched_and_kept_with_times(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": r"""entry_points: {main: {command: 'printf "a\033[1mb"; printf e >&2'}}"""})

    outcome = cli("run", demo, "--quiet")

    assert outcome.out == "a\x1b[1mb"
    assert outcome.err == "e"
    run = shown(cli)
    assert artifact(run, "logs/stdout.txt").read_bytes() == b"a\x1b[1mb"
    assert artifact(run, "logs/stderr.txt").read_bytes() == b"e"
    index = artifact(run, "logs/index.tsv").read_text().splitlines()
    assert {line.split("\t")[1] for line in index} == {"stdout", "stderr"}


def test_few_lines_tell_what_happens_on_standard_error(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "name: churn\n" + ECHO})

    outcome = cli("run", demo, "--env-manager", "local")

    assert outcome.out == "hello\n"
    lines = outcome.err.splitlines()
    assert [line.split()[1] for line in lines] == ["Project", "Run", "Environment", "Finished"]
    assert "churn, entry point main" in lines[0]


def test_a_dry_run_prints_the_plan_and_records_nothing(cli: Cli, files: Files, home: Path) -> None:
    demo = files({"MLproject": ECHO})

    outcome = cli("run", demo, "--dry-run", "--env-manager", "local", "-P", "note=x y")

    assert outcome.code == 0
    assert "echo 'x y'" in outcome.out
    assert not (home / "runner.db").exists()


def test_plan_and_record_are_kept_and_satisfy_their_schemas(cli: Cli, files: Files) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    demo = files({"MLproject": ECHO + "outputs: out.txt\n", "out.txt": ""})

    planned = cli("run", demo, "--dry-run", "--json")
    cli("run", demo)

    run = shown(cli)
    plan = json.loads(artifact(run, "runner/plan.json").read_text())
    record = json.loads(artifact(run, "runner/record.json").read_text())
    assert plan == json.loads(planned.out)
    for document, name in ((plan, "plan"), (record, "record")):
        schema = json.loads(Path("schemas", f"{name}.schema.json").read_text())
        jsonschema.validate(document, schema, cls=jsonschema.Draft202012Validator)
    assert record["exit"] == {"code": 0, "signal": None}
    assert set(record["phases"]) >= {"source", "project", "environment", "run"}


def test_metrics_and_outputs_that_the_project_declares_are_recorded_without_any_client(
    cli: Cli, files: Files
) -> None:
    command = 'echo \'{"rmse": 0.5, "by": {"a": 1}}\' > m.json; echo model > model.bin; mkdir plots; echo p > plots/p.svg'
    demo = files(
        {
            "MLproject": f"""
            metrics: m.json
            outputs: [model.bin, plots]
            entry_points:
              main:
                command: {json.dumps(command.replace("{", "{{").replace("}", "}}"))}
            """
        }
    )

    outcome = cli("run", demo)

    assert outcome.code == 0, outcome.err
    run = shown(cli)
    metrics = run["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {"rmse", "by/a"}
    assert artifact(run, "model.bin").read_text() == "model\n"
    assert artifact(run, "plots/p.svg").read_text() == "p\n"


def test_metrics_of_an_earlier_run_are_not_taken_for_new_ones(cli: Cli, files: Files) -> None:
    demo = files(
        {"MLproject": "metrics: m.json\nentry_points: {main: {command: 'true'}}", "m.json": '{"old": 1}'}
    )

    outcome = cli("run", demo)

    assert outcome.code == 0
    assert "wrote none of its metrics: m.json" in outcome.err
    assert shown(cli)["metrics"] == {}


def test_metrics_by_step_and_broken_metrics_files(cli: Cli, files: Files) -> None:
    lines = r'printf "{{\"step\": 1, \"loss\": 2}}\n{{\"step\": 5, \"loss\": NaN}}\n" > a.json; echo nonsense > b.json'
    demo = files({"MLproject": f"metrics: ['*.json']\nentry_points: {{main: {{command: '{lines}'}}}}"})

    outcome = cli("run", demo)

    assert outcome.code == 0
    assert "b.json: the metrics file is no JSON" in outcome.err
    assert list(shown(cli)["metrics"]) == ["loss"]  # type: ignore[call-overload]


def test_a_secret_is_nowhere_but_in_the_programs_environment(cli: Cli, files: Files, home: Path) -> None:
    demo = files(
        {
            "MLproject": """
            entry_points:
              main:
                parameters: {token: {type: string, secret: true}}
                command: "echo got $RUNNER_SECRET_TOKEN; echo again {token} >&2"
            """
        }
    )

    outcome = cli("run", demo, "-P", "token=tops3cret")

    assert outcome.out == "got ********\n"
    assert "again ********" in outcome.err
    assert shown(cli)["params"] == {"token": "********"}
    for file in home.rglob("*"):
        if file.is_file():
            assert b"tops3cret" not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-P", "note"], 2, "-P 'note' is not NAME=VALUE"),
        (["-P", "note=a", "-P", "note=b"], 2, "-P 'note' is given twice"),
        (["-e", "mian"], 2, "did you mean 'main'"),
        (["--experiment-id", "4711"], 7, "4711"),
        (["--env-manager", "nonsense"], 2, "nonsense"),
    ],
)
def test_mistakes_end_in_one_message(
    cli: Cli, files: Files, arguments: list[str], code: int, message: str
) -> None:
    demo = files({"MLproject": ECHO})

    outcome = cli("run", demo, *arguments)

    assert outcome.code == code
    assert message in outcome.err
    assert "Traceback" not in outcome.err


def test_an_environment_that_cannot_be_built_is_a_failed_run_with_the_reason(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "python_env: python_env.yaml\n" + ECHO, "python_env.yaml": "python: '1.2.3'"})

    outcome = cli("run", demo)

    assert outcome.code == 3
    run = shown(cli)
    assert run["status"] == "FAILED"
    assert "1.2.3" in run["tags"]["runner.error"]  # type: ignore[index]


def test_a_run_inside_a_run_is_its_child(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": """
            entry_points:
              main: {command: "runner run . -e inner -P x=1"}
              inner: {parameters: {x: int}, command: "echo inner {x}"}
            """
        }
    )

    outcome = cli("run", demo, "--experiment-name", "nested")

    assert outcome.code == 0, outcome.err
    assert outcome.out == "inner 1\n"
    inner, outer = shown(cli, "-1"), shown(cli, "-2")
    assert inner["tags"]["mlflow.parentRunId"] == outer["run_id"]  # type: ignore[index]
    assert inner["experiment_id"] == outer["experiment_id"] != "0"


def test_variables_that_mlflow_clients_read_are_set(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": "entry_points: {main: {command: 'env | grep ^MLFLOW_ | sort'}}"})

    outcome = cli("run", demo, "--experiment-name", "e")

    run = shown(cli)
    values = dict(line.split("=", 1) for line in outcome.out.splitlines())
    assert values["MLFLOW_RUN_ID"] == run["run_id"]
    assert values["MLFLOW_EXPERIMENT_ID"] == run["experiment_id"]
    assert re.match(r"http://127\.0\.0\.1:\d+$", values["MLFLOW_TRACKING_URI"])


def test_a_result_as_json_leaves_standard_output_to_it(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": ECHO})

    outcome = cli("run", demo, "--json", "--run-name", "mine")

    result = json.loads(outcome.out)
    assert (result["name"], result["status"], result["exit_code"]) == ("mine", "FINISHED", 0)
    assert "hello" in outcome.err


def test_a_remote_path_parameter_is_downloaded_and_its_uri_recorded(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    data = tmp_path / "data.csv"
    data.write_text("1,2\n")
    demo = files({"MLproject": "entry_points: {main: {parameters: {data: path}, command: 'cat {data}'}}"})

    outcome = cli("run", demo, "-P", f"data={data.as_uri()}")

    assert outcome.out == "1,2\n"
    assert shown(cli)["params"] == {"data": data.as_uri()}


def test_a_local_path_parameter_becomes_absolute_and_must_exist(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = files({"MLproject": "entry_points: {main: {parameters: {data: path}, command: 'echo {data}'}}"})
    (tmp_path / "data.csv").touch()
    monkeypatch.chdir(tmp_path)

    found, missing = cli("run", demo, "-P", "data=data.csv"), cli("run", demo, "-P", "data=nothing.csv")

    assert found.out == f"{tmp_path / 'data.csv'}\n"
    assert missing.code == 4
    assert "there is no file or directory 'nothing.csv'" in missing.err
    assert os.fspath(tmp_path) in missing.err


def test_an_unknown_parent_is_a_warning(cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = files({"MLproject": ECHO})
    monkeypatch.setenv("MLFLOW_RUN_ID", "f" * 32)

    outcome = cli("run", demo)

    assert outcome.code == 0
    assert "not taken as parent" in outcome.err


def test_another_store_can_be_named(cli: Cli, files: Files, home: Path, tmp_path: Path) -> None:
    demo = files({"MLproject": ECHO})
    uri = f"sqlite:///{tmp_path / 'other.db'}"

    cli("run", demo, "--tracking-uri", uri, "--run-name", "elsewhere")

    assert "elsewhere" in cli("runs", "--tracking-uri", uri, "list").out
    assert "Default" in cli("experiments", "--tracking-uri", uri, "list").out
    assert not (home / "runner.db").exists()


def test_a_server_that_does_not_answer_ends_a_run_before_anything_is_built(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.tracking.remote.opening.FIRST_PATIENCE", 0.5)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")

    outcome = cli("run", files({"MLproject": "entry_points: {main: {command: 'echo started'}}"}))

    assert (outcome.code, outcome.out) == (7, "")
    assert "http://127.0.0.1:1 does not answer: Connection refused" in outcome.err
    assert "Environment" not in outcome.err


def test_warnings_about_other_entry_points_are_left_out(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": """
            entry_points:
              main: {command: "echo"}
              other: {command: "echo", parameters: {unused: string}}
            """
        }
    )

    assert "unused" not in cli("run", demo).err
    assert "unused" in cli("run", demo, "-e", "other", "-P", "unused=1").err


def test_control_characters_of_a_project_file_do_not_reach_the_terminal(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": 'name: "a\\e[2Jb"\nentry_points: {"ma\\e[31min": {command: "echo"}}'})

    outcome = cli("run", demo)

    assert outcome.code == 2
    assert "\x1b" not in outcome.err


def test_metrics_that_cannot_be_kept_are_warnings_and_the_rest_is_kept(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": "metrics: ['*.json']\nentry_points: {main: {command: 'python write.py; exit 3'}}",
            "write.py": """
            import json
            json.dump({"precision@10": 0.5, "ok": 1, "late": 2}, open("a.json", "w"))
            json.dump([{"step": 10**20, "far": 1}], open("b.json", "w"))
            open("c.json", "w").write("[" * 200000)
            """,
        }
    )

    outcome = cli("run", demo)

    assert outcome.code == 3
    assert "precision@10" in outcome.err
    assert "b.json" in outcome.err
    assert "c.json: the metrics file is nested too deeply" in outcome.err
    assert set(shown(cli)["metrics"]) == {"ok", "late"}  # type: ignore[call-overload]


def test_outputs_do_not_replace_our_own_documents(cli: Cli, files: Files) -> None:
    command = "mkdir logs runner; echo mine > logs/stdout.txt; echo mine > runner/plan.json; echo said"
    demo = files({"MLproject": f"outputs: [logs, runner]\nentry_points: {{main: {{command: '{command}'}}}}"})

    cli("run", demo)

    run = shown(cli)
    assert artifact(run, "logs/stdout.txt").read_text() == "said\n"
    assert json.loads(artifact(run, "runner/plan.json").read_text())["entry_point"] == "main"
    assert artifact(run, "outputs/logs/stdout.txt").read_text() == "mine\n"
    assert artifact(run, "outputs/runner/plan.json").read_text() == "mine\n"


def test_a_long_parameter_is_recorded_in_part_and_planned_whole(cli: Cli, files: Files) -> None:
    demo = files({"MLproject": ECHO})
    long = "x" * 7000

    outcome = cli("run", demo, "-P", f"note={long}")

    assert outcome.code == 0
    assert outcome.out == f"{long}\n"
    assert "only its first 6000 characters are recorded" in outcome.err
    run = shown(cli)
    assert run["params"] == {"note": "x" * 6000}
    assert json.loads(artifact(run, "runner/plan.json").read_text())["parameters"]["note"] == long


def test_a_secret_is_masked_wherever_the_output_is_cut(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": "entry_points: {main: {parameters: {token: {secret: true}}, command: 'python say.py'}}",
            "say.py": """
            import os, sys, time
            token = os.environ["RUNNER_SECRET_TOKEN"]
            for piece in ("x" * (131072 - 4), token[:4], token[4:] + "y", token[:3]):
                sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.05)
            """,
        }
    )

    outcome = cli("run", demo, "-P", "token=tops3cret")

    assert outcome.out == "x" * (131072 - 4) + "********" + "ytop"


def test_a_run_inside_masks_the_secrets_of_the_run_around_it(cli: Cli, files: Files, home: Path) -> None:
    demo = files(
        {
            "MLproject": """
            entry_points:
              main: {parameters: {token: {secret: true}}, command: "runner run . -e inner"}
              inner: {command: "echo $RUNNER_SECRET_TOKEN"}
            """
        }
    )

    cli("run", demo, "-P", "token=tops3cret")

    for file in home.rglob("*"):
        if file.is_file():
            assert b"tops3cret" not in file.read_bytes(), file


def test_a_directory_that_is_gone_is_one_message(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    outcome = cli("run", ".")

    assert outcome.code == 1
    assert outcome.err.startswith("error: ")


def test_a_lease_without_end_is_refused(cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_LEASE_SECONDS", "inf")

    outcome = cli("run", files({"MLproject": ECHO}))

    assert outcome.code == 2
    assert "RUNNER_LEASE_SECONDS" in outcome.err


def test_a_program_logs_through_the_unmodified_mlflow_client(cli: Cli, files: Files) -> None:
    demo = files(
        {
            "MLproject": f"entry_points: {{main: {{command: '{sys.executable} train.py'}}}}",
            "train.py": """
            import sys
            import mlflow
            mlflow.set_experiment("of the code")
            with mlflow.start_run():
                mlflow.log_param("alpha", 0.5)
                mlflow.log_metric("loss", 1.0, step=1)
                mlflow.log_metric("loss", 0.5, step=2)
                mlflow.log_text("text", "notes/a.txt")
                with mlflow.start_run(run_name="step", nested=True):
                    mlflow.log_metric("inner", 1)
            mlflow.start_run(run_name="second")
            sys.exit(3)
            """,
        }
    )

    outcome = cli("run", demo, "--run-name", "first")

    assert outcome.code == 3
    assert "loss 0.5" in outcome.err
    first, step, second = shown(cli, "first"), shown(cli, "step"), shown(cli, "second")
    assert first["status"] == "FAILED"
    assert first["params"] == {"alpha": "0.5"}
    assert artifact(first, "notes/a.txt").read_text() == "text"
    experiments = json.loads(cli("experiments", "list", "--json").out)
    assert [item["name"] for item in experiments if item["experiment_id"] == first["experiment_id"]] == [
        "of the code"
    ]
    assert {run["tags"]["mlflow.parentRunId"] for run in (step, second)} == {first["run_id"]}  # type: ignore[index]
    assert all(run["status"] in {"FINISHED", "FAILED"} for run in (step, second))
    assert {run["user"] for run in (first, step, second)} == {first["user"]}
