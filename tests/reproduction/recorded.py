"""Runs that are reproduced: projects, and what is asked of runs and of their reproductions."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.conftest import Cli, Outcome

# A program whose results are what a file outside of the project says: what it reads is no input that it declares.
TRAIN = """
    import json, os, pathlib, sys
    value = float(pathlib.Path(os.environ["HIDDEN"]).read_text())
    json.dump({"rmse": value, "threads": float(os.environ.get("OMP_NUM_THREADS", "0"))}, open("metrics.json", "w"))
    pathlib.Path("model.txt").write_text("weights\\n")
    sys.exit(int(sys.argv[1]))
"""
MLPROJECT = f"""
    name: demo
    metrics: metrics.json
    outputs: model.txt
    entry_points: {{main: {{parameters: {{code: {{type: int, default: 0}}}}, command: "{sys.executable} train.py {{code}}"}}}}
"""
READING = """
    outputs: result.txt
    entry_points:
      main:
        parameters: {data: {type: path, default: data.csv}}
        command: "cp {data} result.txt"
"""
SECRET = """
    entry_points:
      main:
        parameters: {token: {secret: true}}
        command: 'test -n {token}'
"""


def newest(cli: Cli) -> Any:
    return json.loads(cli("runs", "show", "-1", "--json").out)


def count(cli: Cli) -> int:
    return len(json.loads(cli("runs", "list", "--json").out))


def said(outcome: Outcome) -> Any:
    assert outcome.out.startswith("{"), outcome.err
    return json.loads(outcome.out)


def checks(outcome: Outcome, what: str) -> list[tuple[str, str]]:
    return [(one["state"], one["said"]) for one in said(outcome)["checks"] if one["what"] == what]


def documents(run: Any) -> Path:
    return Path(run["artifact_uri"].removeprefix("file://")) / "runner"
