"""What each route of the application asks of its caller: a route that is not in this table fails the test of access.

`{...}` stand for the world of a test: an experiment with a run, a logged model, artifacts, and a registered model with a version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from runner.tracking.access import Permission


class Open(Enum):
    """What is not asked: who one is, or more than that one is somebody."""

    ALL = "everybody"
    KNOWN = "everybody who signs in"
    FILTERED = "everybody who signs in, but they find only what they may read"
    ADMINS = "administrators"


@dataclass(frozen=True)
class Decision:
    """`status` is that of the answer to whoever may."""

    needs: Permission | Open
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    path: str | None = None  # where the route's own has parameters
    status: int = 200


READ, EDIT, MANAGE = Permission.READ, Permission.EDIT, Permission.MANAGE
ALL, KNOWN, FILTERED, ADMINS = Open

EXPERIMENT = {"experiment_id": "{experiment}"}
RUN = {"run_id": "{run}"}
MODEL = {"name": "{name}"}
VERSION = {**MODEL, "version": "1"}
OF_MODEL = "logged-models/{model}"
POINT = {**RUN, "key": "m", "value": 1, "timestamp": 1}
MLMODEL = '{{"run_id": "{run}", "artifact_path": "m", "flavors": {{}}, "utc_time_created": "2026-01-01"}}'
PAIR = [{"key": "k", "value": "v"}]


def asks(needs: Permission | Open, at: str | None = None, /, **query: Any) -> Decision:
    return Decision(needs, query=query, path=at)


def sends(needs: Permission | Open, at: str | None = None, /, **body: Any) -> Decision:
    return Decision(needs, body=body, path=at)


CALLS: Mapping[str, Decision] = {
    "POST experiments/create": sends(KNOWN, name="{fresh}"),
    "GET experiments/get": asks(READ, **EXPERIMENT),
    "GET experiments/get-by-name": asks(READ, experiment_name="{name}"),
    "GET experiments/search": asks(FILTERED, max_results=1000),
    "POST experiments/search": sends(FILTERED, max_results=1000),
    "GET experiments/list": asks(FILTERED, max_results=1000),
    "POST experiments/search-datasets": sends(FILTERED, experiment_ids=["{experiment}"]),
    "POST experiments/update": sends(EDIT, **EXPERIMENT, new_name="{fresh}"),
    "POST experiments/delete": sends(MANAGE, **EXPERIMENT),
    "POST experiments/restore": sends(MANAGE, **EXPERIMENT),
    "POST experiments/set-experiment-tag": sends(EDIT, **EXPERIMENT, key="k", value="v"),
    "POST experiments/delete-experiment-tag": sends(EDIT, **EXPERIMENT, key="tag"),
    "POST runs/create": sends(EDIT, **EXPERIMENT),
    "GET runs/get": asks(READ, **RUN),
    "POST runs/update": sends(EDIT, **RUN, status="FINISHED"),
    "POST runs/delete": sends(MANAGE, **RUN),
    "POST runs/restore": sends(MANAGE, **RUN),
    "POST runs/search": sends(FILTERED, experiment_ids=["{experiment}"]),
    "POST runs/log-metric": sends(EDIT, **POINT),
    "POST runs/log-parameter": sends(EDIT, **RUN, key="k", value="v"),
    "POST runs/set-tag": sends(EDIT, **RUN, key="k", value="v"),
    "POST runs/delete-tag": sends(EDIT, **RUN, key="tag"),
    "POST runs/log-batch": sends(EDIT, **RUN, params=PAIR),
    "POST runs/log-inputs": sends(EDIT, **RUN, models=[{"model_id": "{model}"}]),
    "POST runs/log-model": sends(EDIT, **RUN, model_json=MLMODEL),
    "POST runs/outputs": sends(EDIT, **RUN, models=[{"model_id": "{model}", "step": 1}]),
    "GET metrics/get-history": asks(FILTERED, **RUN, metric_key="{name}"),
    "GET metrics/get-history-bulk": asks(FILTERED, run_id="{run}", metric_key="{name}"),
    "GET metrics/get-history-bulk-interval": asks(
        FILTERED, run_ids="{run}", metric_key="{name}", max_results=9
    ),
    "POST logged-models": sends(EDIT, **EXPERIMENT, source_run_id="{run}"),
    "POST logged-models/search": sends(FILTERED, experiment_ids=["{experiment}"]),
    "GET logged-models/{model_id}": asks(READ, OF_MODEL),
    "PATCH logged-models/{model_id}": sends(EDIT, OF_MODEL, status="LOGGED_MODEL_READY"),
    "DELETE logged-models/{model_id}": sends(MANAGE, OF_MODEL),
    "POST logged-models/{model_id}/params": sends(EDIT, f"{OF_MODEL}/params", params=PAIR),
    "PATCH logged-models/{model_id}/tags": sends(EDIT, f"{OF_MODEL}/tags", tags=PAIR),
    "DELETE logged-models/{model_id}/tags/{tag_key:path}": sends(EDIT, f"{OF_MODEL}/tags/tag"),
    "POST registered-models/create": sends(KNOWN, name="{fresh}"),
    "GET registered-models/get": asks(READ, **MODEL),
    "PATCH registered-models/update": sends(EDIT, **MODEL, description="d"),
    "POST registered-models/rename": sends(EDIT, **MODEL, new_name="{fresh}"),
    "DELETE registered-models/delete": sends(MANAGE, **MODEL),
    "GET registered-models/search": asks(FILTERED, max_results=1000),
    "GET registered-models/list": asks(FILTERED, max_results=1000),
    "GET registered-models/get-latest-versions": asks(READ, **MODEL),
    "POST registered-models/get-latest-versions": sends(READ, **MODEL),
    "POST registered-models/set-tag": sends(EDIT, **MODEL, key="k", value="v"),
    "DELETE registered-models/delete-tag": sends(EDIT, **MODEL, key="tag"),
    "POST registered-models/alias": sends(EDIT, **VERSION, alias="a"),
    "GET registered-models/alias": asks(READ, **MODEL, alias="best"),
    "DELETE registered-models/alias": sends(EDIT, **MODEL, alias="best"),
    "POST model-versions/create": sends(EDIT, **MODEL, source="{uri}", run_id="{run}"),
    "GET model-versions/get": asks(READ, **VERSION),
    "PATCH model-versions/update": sends(EDIT, **VERSION, description="d"),
    "POST model-versions/transition-stage": sends(EDIT, **VERSION, stage="Staging"),
    "DELETE model-versions/delete": sends(MANAGE, **VERSION),
    "GET model-versions/search": asks(FILTERED, max_results=1000),
    "GET model-versions/get-download-uri": asks(READ, **VERSION),
    "POST model-versions/set-tag": sends(EDIT, **VERSION, key="k", value="v"),
    "DELETE model-versions/delete-tag": sends(EDIT, **VERSION, key="tag"),
}

PROXY = "/api/2.0/mlflow-artifacts"
FILE = f"{PROXY}/artifacts/{{path}}/file.txt"
LOGGED = "/api/2.0/mlflow/logged-models/{model_id}/artifacts"
LOGGED_HERE = "/api/2.0/mlflow/logged-models/{model}/artifacts"
OURS = "/api/runner/1"
# Of each route that has a second name below /ajax-api the first alone.
ROUTES: Mapping[str, Decision] = {
    "GET /health": asks(ALL),
    "GET /version": asks(ALL),
    "GET /get-artifact": asks(READ, **RUN, path="file.txt"),
    "GET /model-versions/get-artifact": asks(READ, **VERSION, path="file.txt"),
    "GET /api/3.0/mlflow/server-info": asks(KNOWN),
    f"GET {PROXY}/artifacts": asks(READ, path="{path}"),
    f"GET {PROXY}/artifacts/{{path:rest}}": asks(READ, FILE),
    f"PUT {PROXY}/artifacts/{{path:rest}}": Decision(EDIT, body={}, path=FILE),
    f"DELETE {PROXY}/artifacts/{{path:rest}}": asks(MANAGE, FILE),
    f"GET {PROXY}/presigned/{{path:rest}}": Decision(
        READ, path=f"{PROXY}/presigned/{{path}}/file.txt", status=501
    ),
    f"POST {PROXY}/mpu/{{path:path}}": Decision(
        KNOWN, body={}, path=f"{PROXY}/mpu/create/{{path}}", status=501
    ),
    "GET /api/2.0/mlflow/artifacts/list": asks(READ, **RUN),
    f"GET {LOGGED}/directories": asks(READ, f"{LOGGED_HERE}/directories"),
    f"GET {LOGGED}/files": asks(READ, f"{LOGGED_HERE}/files", artifact_file_path="file.txt"),
    f"GET {OURS}/": asks(KNOWN),
    f"GET {OURS}/openapi.json": asks(KNOWN),
    f"GET {OURS}/events": asks(READ, topics="run:{run}"),
    f"GET {OURS}/runs/{{run_id}}/logs": asks(READ, f"{OURS}/runs/{{run}}/logs"),
    f"POST {OURS}/runs/{{run_id}}/logs": sends(
        EDIT, f"{OURS}/runs/{{run}}/logs", stream="stdout", offset=0, text="x"
    ),
    f"GET {OURS}/runs/{{run_id}}/logs/place": asks(READ, f"{OURS}/runs/{{run}}/logs/place", line=1),
    f"GET {OURS}/runs/{{run_id}}/logs/search": asks(READ, f"{OURS}/runs/{{run}}/logs/search", text="x"),
    f"GET {OURS}/runs/{{run_id}}/logs/{{stream}}": asks(READ, f"{OURS}/runs/{{run}}/logs/stdout"),
    f"GET {OURS}/runs/table": asks(FILTERED),
    f"GET {OURS}/runs/columns": asks(FILTERED, experiment="{experiment}"),
    f"GET {OURS}/runs/groups": asks(FILTERED, by="name"),
    f"GET {OURS}/runs/complete": asks(FILTERED, text="{name}"),
    f"GET {OURS}/runs/series": asks(FILTERED, runs="{run}", keys="{name}"),
    f"GET {OURS}/runs/{{run_id}}/overview": asks(READ, f"{OURS}/runs/{{run}}/overview"),
    f"GET {OURS}/runs/{{run_id}}/environment": asks(READ, f"{OURS}/runs/{{run}}/environment"),
    f"GET {OURS}/runs/{{run_id}}/artifacts": asks(READ, f"{OURS}/runs/{{run}}/artifacts"),
    f"GET {OURS}/runs/{{run_id}}/artifacts/{{path:rest}}": asks(
        READ, f"{OURS}/runs/{{run}}/artifacts/file.txt"
    ),
    f"POST {OURS}/runs/{{run_id}}/box": sends(READ, f"{OURS}/runs/{{run}}/box"),
    f"GET {OURS}/runs/{{run_id}}/digest/{{path:rest}}": asks(READ, f"{OURS}/runs/{{run}}/digest/file.txt"),
    "GET /boxed/{token}/{path:rest}": Decision(
        KNOWN, path="/boxed/none/file.txt", status=401
    ),  # a token of its own
    f"GET {OURS}/runs/{{run_id}}/view/{{path:rest}}": asks(READ, f"{OURS}/runs/{{run}}/view/file.txt"),
    f"GET {OURS}/diff": Decision(  # nobody has told this server how to compare
        READ, query={"a": "{run}", "b": "{run}"}, status=501
    ),
    f"GET {OURS}/diff/inputs": asks(READ, runs="{run}"),
    f"GET {OURS}/diff/files": asks(READ, runs="{run}"),
    f"GET {OURS}/diff/repeats": asks(READ, a="{run}", b="{run}"),
    f"GET {OURS}/schedules": asks(ADMINS),
    f"GET {OURS}/schedules/{{name}}/firings": Decision(
        ADMINS, path=f"{OURS}/schedules/none/firings", status=404
    ),
    f"POST {OURS}/addresses": sends(KNOWN, address="/runs?q=lr"),
    f"GET {OURS}/environments": asks(FILTERED),
    f"GET {OURS}/environments/{{digest}}": asks(READ, f"{OURS}/environments/{{lock}}"),
    # nobody has told this server of a cache
    f"GET {OURS}/cache": Decision(ADMINS, status=501),
    f"GET {OURS}/cache/{{key}}": Decision(ADMINS, path=f"{OURS}/cache/none", status=501),
    f"POST {OURS}/cache/free": Decision(ADMINS, body={}, status=501),
    f"GET {OURS}/models": asks(FILTERED),
    f"GET {OURS}/models/look": asks(READ, **MODEL),
    f"GET {OURS}/models/versions/look": asks(READ, **VERSION),
    f"POST {OURS}/models/aliases": sends(
        EDIT, f"{OURS}/models/aliases", **MODEL, alias="new", version=1, why="it is better"
    ),
    f"GET {OURS}/schedules/calendar": Decision(
        ADMINS, status=501
    ),  # nobody has told this server what schedules mean
    **{
        f"{method} {OURS}/schedules/{{name}}/{what}": Decision(
            ADMINS, body=body, path=f"{OURS}/schedules/none/{what}", status=501
        )
        for method, what, body in (
            ("GET", "times", None),
            ("POST", "pause", {}),
            ("POST", "resume", {}),
            ("POST", "skip", {"time": 1}),
            ("POST", "run", {}),
            ("POST", "backfill", {"first": "2026-11-01", "last": "2026-11-02"}),
        )
    },
    f"GET {OURS}/me": asks(KNOWN),
    f"DELETE {OURS}/me/sessions/{{name}}": Decision(KNOWN, path=f"{OURS}/me/sessions/none", status=404),
    f"GET {OURS}/server": asks(KNOWN),
    f"GET {OURS}/executions": asks(KNOWN),
    f"POST {OURS}/executions": Decision(  # nobody is allowed to here
        EDIT, body={"kind": "rerun", "run": "{run}"}, status=403
    ),
    f"GET {OURS}/executions/{{execution_id}}": Decision(KNOWN, path=f"{OURS}/executions/{{run}}", status=404),
    f"POST {OURS}/executions/{{execution_id}}/stop": Decision(
        KNOWN, body={}, path=f"{OURS}/executions/{{run}}/stop", status=404
    ),
}
