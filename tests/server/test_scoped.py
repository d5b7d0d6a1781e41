"""What the token of a run reaches, and what it does not."""

import pytest

from runner.errors import NotFound, TrackingError
from runner.server.access.scope import RunScope, RunSession
from runner.server.access.scoped import ScopedStore
from runner.server.errors import NotPermitted
from runner.server.loopback import ArtifactAccess, Loopback
from runner.settings import Settings
from runner.tracking import Store, this_process_lease
from runner.tracking.model import Run, RunStatus
from tests.server.conftest import Caller, Open, Program


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("runs/update", {"status": "KILLED"}),
        ("runs/delete", {}),
        ("runs/restore", {}),
        ("runs/set-tag", {"key": "a", "value": "b"}),
        ("runs/delete-tag", {"key": "a"}),
        ("runs/log-parameter", {"key": "a", "value": "b"}),
        ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}),
        ("runs/log-batch", {"tags": [{"key": "a", "value": "b"}]}),
        ("runs/log-inputs", {"models": [{"model_id": "m-1"}]}),
        ("logged-models", {"experiment_id": "0", "name": "net"}),
    ],
)
def test_a_run_of_somebody_else_is_read_but_not_written(
    path: str, body: dict[str, object], store: Store, call: Caller
) -> None:
    other = store.create_run("0", name="theirs")
    key = "source_run_id" if path == "logged-models" else "run_id"

    answer = call.post(path, **{key: other.id, **body})

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
    assert store.run(other.id) == other
    assert call.get("runs/get", run_id=other.id).body["run"]["info"]["run_name"] == "theirs"


def test_a_run_that_does_not_exist_is_told_apart_from_one_that_is_not_ours(call: Caller) -> None:
    assert call.post("runs/set-tag", run_id="0" * 32, key="a", value="b").code == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    "path", ["update", "delete", "restore", "set-experiment-tag", "delete-experiment-tag"]
)
def test_an_experiment_of_somebody_else_is_read_but_not_written(
    path: str, store: Store, call: Caller
) -> None:
    theirs = store.create_experiment("theirs", tags={"a": "b"})
    more = {"update": {"new_name": "x"}, "delete": {}, "restore": {}}.get(path, {"key": "a", "value": "c"})
    if path == "delete-experiment-tag":
        more = {"key": "a"}

    answer = call.post(f"experiments/{path}", experiment_id=theirs.id, **more)

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
    assert store.experiment(theirs.id) == theirs


def test_the_experiment_of_the_run_may_be_described_but_neither_renamed_nor_deleted(
    store: Store, call: Caller
) -> None:
    assert call.post("experiments/set-experiment-tag", experiment_id="0", key="a", value="b").status == 200
    assert store.experiment("0").tags == {"a": "b"}
    assert call.post("experiments/delete-experiment-tag", experiment_id="0", key="a").status == 200
    before = store.experiment("0")
    assert call.post("experiments/update", experiment_id="0", new_name="renamed").status == 403
    assert call.post("experiments/update", experiment_id="0").status == 400
    assert call.post("experiments/delete", experiment_id="0").status == 403
    assert call.post("experiments/delete", experiment_id="none").status == 404

    assert store.experiment("0") == before


def test_an_experiment_that_the_run_has_left_is_not_its_own_any_more(store: Store, call: Caller) -> None:
    made = call.post("experiments/create", name="made").body["experiment_id"]

    told = [
        call.post("experiments/set-experiment-tag", experiment_id=there, key="a", value="b").status
        for there in ("0", made)
    ]

    assert told == [403, 200]
    assert call.post("experiments/update", experiment_id=made, new_name="renamed").status == 200
    assert call.post("experiments/delete", experiment_id=made).status == 403  # the run is in it
    assert store.experiment(made).name == "renamed"


def test_the_usual_client_tags_the_experiment_of_its_run(
    store: Store, endpoint: Loopback, program: Program
) -> None:
    there = store.create_experiment("there")
    code = """
        import mlflow
        mlflow.set_experiment("there")
        mlflow.set_experiment_tag("team", "a")
        with mlflow.start_run():
            mlflow.set_experiment_tags({"stage": "draft"})
        try:
            mlflow.MlflowClient().rename_experiment("0", "x")
        except mlflow.exceptions.MlflowException as error:
            print([error.error_code])
    """

    outcome = program(endpoint, code)

    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "['PERMISSION_DENIED']"), outcome.err
    assert store.experiment(there.id).tags == {"team": "a", "stage": "draft"}
    assert store.experiment("0").name == "Default"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("file:///srv/own", "file:///srv/own"),
        ("/srv/my own", "file:///srv/my%20own"),
        ("s3://bucket/own", "s3://bucket/own"),
        ("file:///srv/own/..", ""),
        ("file:///srv/../own", ""),
        ("file:///srv/%2e%2e/own", ""),
        ("file:////own", ""),
        ("//own", ""),
        ("own", ""),
        ("file:own", ""),
        ("http://host/own", ""),
    ],
)
def test_a_program_keeps_artifacts_on_its_own_machine_or_in_an_object_store(
    given: str, kept: str, store: Store, run: Run
) -> None:
    access = ArtifactAccess(offered="file://")
    with Loopback.open(lambda: store, RunScope(run.id, "0"), artifacts=access) as endpoint:
        answer = Caller(endpoint).post("experiments/create", name="own", artifact_location=given)

    assert (answer.status, answer.code) == ((200, "") if kept else (400, "INVALID_PARAMETER_VALUE"))
    assert [one.artifact_location for one in store.experiments() if one.name == "own"] == (
        [kept] if kept else []
    )


def test_where_the_artifacts_of_a_store_are_is_not_guessed(call: Caller) -> None:
    """Of a store that another server keeps, that server knows."""
    for location in ("file:///etc/zz", "/own", "//own"):
        assert call.post("experiments/create", name="own", artifact_location=location).status == 400


def test_the_run_itself_cannot_be_deleted_by_its_program(run: Run, call: Caller) -> None:
    answer = call.post("runs/delete", run_id=run.id)

    assert answer.status == 403
    assert f"runner runs delete {run.id}" in answer.message


def test_what_the_client_says_of_its_run_is_told_back_and_not_kept(
    store: Store, run: Run, call: Caller
) -> None:
    answer = call.post("runs/update", run_id=run.id, status="FINISHED", end_time=7, run_name="called")

    info = answer.body["run_info"]
    assert (info["status"], info["end_time"], info["run_name"]) == ("FINISHED", 7, "called")
    (found,) = call.post("runs/search", experiment_ids=["0"]).body["runs"]
    assert found["info"]["status"] == "FINISHED"
    kept = store.run(run.id)
    assert (kept.status, kept.ended, kept.name) == (RunStatus.RUNNING, None, "called")


def test_a_run_of_the_program_goes_where_the_run_is(store: Store, run: Run, call: Caller) -> None:
    made = call.post("experiments/create", name="elsewhere").body["experiment_id"]

    by_variable = call.post("runs/create", experiment_id="0").body["run"]  # what the environment says
    by_name = call.post("runs/create", experiment_id=made).body["run"]

    assert store.run(run.id).experiment_id == made
    assert [one["info"]["experiment_id"] for one in (by_variable, by_name)] == [made, made]


def test_a_client_inside_the_run_may_look_at_other_experiments(store: Store, run: Run, call: Caller) -> None:
    other = store.create_experiment("other")
    call.post("runs/update", run_id=run.id, status="RUNNING")

    looked = call.get("experiments/get-by-name", experiment_name="other").body["experiment"]["experiment_id"]
    there = store.run(run.id).experiment_id
    call.post("runs/update", run_id=run.id, status="FINISHED")
    call.get("experiments/get", experiment_id=other.id)  # the next step of the same run asks for its own

    assert (looked, there) == (other.id, "0")
    assert store.run(run.id).experiment_id == other.id


def test_a_deleted_experiment_takes_no_run_along(store: Store, run: Run, call: Caller) -> None:
    gone = store.create_experiment("gone")
    store.delete_experiment(gone.id)

    answer = call.get("experiments/get-by-name", experiment_name="gone")

    assert answer.body["experiment"]["lifecycle_stage"] == "deleted"  # the client says what is wrong
    assert store.run(run.id).experiment_id == "0"


def test_a_name_that_is_taken_stays_taken_for_a_run_with_a_chosen_experiment(
    store: Store, open_endpoint: Open
) -> None:
    call = Caller(open_endpoint(explicit=True))

    assert call.post("experiments/create", name="Default").code == "RESOURCE_ALREADY_EXISTS"
    assert call.post("experiments/create", name="new").body == {"experiment_id": "0"}
    assert call.get("experiments/get", experiment_id="0").body["experiment"]["name"] == "Default"


def test_leases_are_the_launchers(store: Store, run: Run, settings: Settings) -> None:
    scoped = ScopedStore(store, RunSession(RunScope(run.id, "0")))

    with pytest.raises(NotPermitted):
        scoped.renew_lease(run.id, this_process_lease(settings))
    with pytest.raises(NotPermitted):
        scoped.expire_leases(0)
    with pytest.raises(TrackingError, match="belongs to somebody else"):
        scoped.move_run(run.id, store.create_experiment("theirs").id)


def test_artifacts_of_others_are_read_but_neither_written_nor_deleted(store: Store, run: Run) -> None:
    place = store.create_experiment("placed").id  # "0" has its place where the database was made
    other, mine = store.create_run(place), store.create_run(place)
    scoped = ScopedStore(store, RunSession(RunScope(mine.id, place)))
    theirs, own = (f"{place}/{one.id}/artifacts/x" for one in (other, mine))

    scoped.check_artifacts(theirs, write=False)
    scoped.check_artifacts(own, write=True)
    scoped.check_artifacts(own, write=False, delete=True)
    for changes in ({"write": True}, {"write": False, "delete": True}):
        with pytest.raises(NotPermitted, match="somebody else"):
            scoped.check_artifacts(theirs, **changes)
        with pytest.raises(NotFound):
            scoped.check_artifacts("0", **changes)
