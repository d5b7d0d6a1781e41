"""The application without a run: nobody's rights are narrowed, nothing is reinterpreted."""

import asyncio
import json
from typing import Any

from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.places import Places
from runner.tracking import Store
from runner.tracking.model import Run, RunStatus


def asked(store: Store, path: str, **body: object) -> tuple[int, Any]:
    """Status and body of a POST, straight from the application."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/api/2.0/mlflow/{path}",
        "query_string": b"",
        "headers": [(b"host", b"localhost:80"), (b"content-type", b"application/json")],
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    tracking = Tracking(store, Places(root="", proxied=False), writer=None)
    asyncio.run(create_app(tracking, authenticate=anybody)(scope, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_states_and_experiments_are_taken_at_their_word(store: Store, run: Run) -> None:
    other = store.create_experiment("other")

    assert asked(store, "runs/update", run_id=run.id, status="FINISHED", end_time=9)[0] == 200
    made = asked(store, "runs/create", experiment_id=other.id)[1]["run"]

    assert (store.run(run.id).status, store.run(run.id).ended) == (RunStatus.FINISHED, 9)
    assert made["info"]["experiment_id"] == other.id
    assert [tag["key"] for tag in made["data"]["tags"]] == ["mlflow.runName"]
    assert asked(store, "runs/delete", run_id=run.id)[0] == 200
    assert asked(store, "logged-models", experiment_id="0")[1]["model"]["info"].get("source_run_id", "") == ""
