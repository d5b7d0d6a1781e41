"""Programs with the real, unmodified client of MLflow, in processes of their own as in a run."""

import math

from runner.server.loopback import Loopback
from runner.tracking import Artifacts, Store
from runner.tracking.model import Lifecycle, Run, RunStatus
from tests.server.conftest import Open, Program

FLUENT = """
    import json, os, subprocess, sys, threading, mlflow
    from mlflow import MlflowClient

    mlflow.log_param("alpha", 0.5)                       # enters the run by itself
    mlflow.log_params({"layers": "3", "note": "two words; $HOME 'and' quotes"})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"nan": float("nan"), "inf": float("inf"), "negative": -1.5}, step=-3)
    mlflow.set_tags({"team": "churn", "gone": "x"})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "texts/hello.txt")
    mlflow.log_dict({"a": [1, 2]}, "a.json")
    mlflow.log_metric("later", 1.0, step=1, synchronous=False).wait()
    own = mlflow.active_run().info.run_id
    with mlflow.start_run(nested=True, run_name="inner") as inner:
        mlflow.log_metric("loss", 7)
    mlflow.end_run()

    with mlflow.start_run(run_name="second") as second:  # a run of its own for the client
        mlflow.log_param("alpha", 0.7)
    thread = threading.Thread(target=lambda: mlflow.log_metric("from", 1))
    thread.start(); thread.join()
    subprocess.run([sys.executable, "-c", "import mlflow; mlflow.log_metric('loss', 3)"], check=True)

    client = MlflowClient()
    client.log_batch(own, metrics=[mlflow.entities.Metric("b", i, 1000 + i, i) for i in range(1000)])
    history = client.get_metric_history(own, "b")
    found = mlflow.search_runs(filter_string="metrics.loss < 0.5 and params.alpha = '0.5'", output_format="list")
    try:
        client.log_param(own, "alpha", "another")
        changed = ""
    except mlflow.MlflowException as error:
        changed = error.error_code
    print(json.dumps({
        "own": own, "inner": inner.info.run_id, "second": second.info.run_id, "changed": changed,
        "found": [run.info.run_id for run in found], "history": [(m.value, m.step) for m in history[:3]],
        "points": len(history), "status": client.get_run(own).info.status,
        "text": mlflow.artifacts.load_text(f"runs:/{own}/texts/hello.txt"),
        "listed": sorted(file.path for file in client.list_artifacts(own)),
    }))
"""


def test_the_fluent_interface_records_in_the_run_and_in_children_of_it(
    store: Store, run: Run, endpoint: Loopback, program: Program
) -> None:
    outcome = program(endpoint, FLUENT)
    endpoint.close()

    assert outcome.code == 0, outcome.err
    assert "WARNING" not in outcome.err
    said = outcome.said
    assert (said["own"], said["status"]) == (run.id, "FINISHED")  # as the client believes
    assert (said["changed"], said["found"]) == ("INVALID_PARAMETER_VALUE", [run.id])
    assert (said["points"], said["history"]) == (1000, [[0, 0], [1, 1], [2, 2]])
    assert (said["text"], said["listed"]) == ("hello", ["a.json", "texts"])
    recorded = store.run(run.id)
    assert (recorded.status, recorded.ended, recorded.name) == (RunStatus.RUNNING, None, "mine")
    assert recorded.params == {
        "given": "1",
        "alpha": "0.5",
        "layers": "3",
        "note": "two words; $HOME 'and' quotes",
    }
    assert (recorded.metrics["loss"].value, recorded.metrics["loss"].step) == (0.2, 4)
    assert math.isnan(recorded.metrics["nan"].value)
    assert (recorded.metrics["negative"].value, recorded.metrics["negative"].step) == (-1.5, -3)
    assert recorded.metrics["later"].value == 1.0
    assert recorded.tags["team"] == "churn"
    assert "gone" not in recorded.tags
    assert Artifacts(recorded.artifact_uri).read("texts/hello.txt") == b"hello"
    children = [one for one in store.search_runs(experiment_ids=["0"]).items if one.id != run.id]
    assert {one.tags["mlflow.parentRunId"] for one in children} == {run.id}
    assert {said["inner"], said["second"]} < {one.id for one in children}
    assert len(children) == 4  # inner, second, of the thread, of the process
    assert [one.status for one in children if one.name == "second"] == [RunStatus.FINISHED]


def test_a_program_that_fails_leaves_the_verdict_to_its_exit_code(
    store: Store, run: Run, endpoint: Loopback, program: Program
) -> None:
    code = """
        import sys, mlflow
        mlflow.log_metric("loss", 1)
        orphan = mlflow.MlflowClient().create_run("0")
        sys.exit(3)
    """

    outcome = program(endpoint, code)
    endpoint.close()

    assert outcome.code == 3
    recorded = store.run(run.id)
    assert (recorded.status, recorded.metrics["loss"].value) == (RunStatus.RUNNING, 1.0)
    (orphan,) = endpoint.left_running
    assert store.run(orphan).tags["mlflow.parentRunId"] == run.id


def test_set_experiment_takes_the_run_along(
    store: Store, run: Run, endpoint: Loopback, program: Program
) -> None:
    store.create_experiment("old")
    code = """
        import json, mlflow
        mlflow.set_experiment("old")
        mlflow.set_experiment("new")
        with mlflow.start_run() as first:
            mlflow.log_param("alpha", 1)
            before = mlflow.get_experiment_by_name("old")       # looks only: it is inside
        mlflow.set_experiment("third")                          # for the next run, but this one has ended
        with mlflow.start_run() as second:
            pass
        print(json.dumps([first.info.run_id, first.info.experiment_id, second.info.experiment_id]))
    """

    outcome = program(endpoint, code)

    assert outcome.code == 0, outcome.err
    own, first, second = outcome.said
    assert (own, store.experiment(first).name, store.experiment(second).name) == (run.id, "new", "third")
    assert store.run(run.id).experiment_id == second


def test_the_person_who_chose_the_experiment_wins_over_set_experiment(
    store: Store, open_endpoint: Open, program: Program
) -> None:
    chosen = store.create_experiment("chosen")
    other = store.create_experiment("other")
    run = store.create_run(chosen.id, status=RunStatus.RUNNING)
    code = """
        import json, mlflow
        asked = [mlflow.set_experiment(name).experiment_id for name in ("other", "unknown")]
        with mlflow.start_run() as first:
            mlflow.log_metric("loss", 1)
        with mlflow.start_run(experiment_id="%s") as second:
            pass
        print(json.dumps([asked, first.info.run_id, second.info.run_id]))
    """

    outcome = program(open_endpoint(explicit=True, run=run), code % other.id, run=run)

    assert outcome.code == 0, outcome.err
    asked, first, second = outcome.said
    assert asked == [chosen.id, chosen.id]
    assert first == run.id
    recorded = store.run(run.id)
    assert (recorded.experiment_id, recorded.tags["runner.experiment.asked"]) == (chosen.id, "unknown")
    child = store.run(second)
    assert (child.experiment_id, child.tags["runner.experiment.asked"]) == (chosen.id, other.id)
    assert [one.name for one in store.experiments(lifecycle=None)] == ["other", "chosen", "Default"]


AUTOLOG = """
    import json, mlflow, mlflow.sklearn
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog()
    X, y = load_iris(return_X_y=True, as_frame=True)
    with mlflow.start_run() as started:
        LogisticRegression(max_iter=300).fit(X, y)
    run = mlflow.get_run(started.info.run_id)
    loaded = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    (model,) = mlflow.search_logged_models(output_format="list")
    again = mlflow.sklearn.load_model(f"models:/{model.model_id}")
    mlflow.set_logged_model_tags(model.model_id, {"checked": "yes", "gone": "x"})
    mlflow.delete_logged_model_tag(model.model_id, "gone")
    model = mlflow.get_logged_model(model.model_id)
    print(json.dumps({
        "metrics": run.data.metrics, "tags": run.data.tags,
        "dataset": [(i.dataset.name, [t.value for t in i.tags]) for i in run.inputs.dataset_inputs],
        "outputs": [output.model_id for output in run.outputs.model_outputs],
        "model": [model.model_id, model.name, str(model.status), model.source_run_id, model.params["max_iter"]],
        "checked": model.tags["checked"], "score": [loaded.score(X, y), again.score(X, y)],
    }))
"""


def test_autolog_of_scikit_learn_records_metrics_data_set_and_model(
    store: Store, run: Run, endpoint: Loopback, program: Program
) -> None:
    outcome = program(endpoint, AUTOLOG)

    assert outcome.code == 0, outcome.err
    assert "unexpected error" not in outcome.err
    said = outcome.said
    assert said["metrics"]["training_score"] > 0.9
    assert said["dataset"] == [["dataset", ["train"]]]
    number = said["outputs"][0]
    assert said["model"] == [number, "model", "READY", run.id, "300"]
    assert (said["checked"], said["score"]) == ("yes", [said["metrics"]["training_score"]] * 2)
    assert not [key for key in said["tags"] if key.startswith("runner.")]
    recorded = store.run(run.id)
    assert recorded.params["max_iter"] == "300"
    place = store.models.get(number).artifact_uri
    assert place == f"{store.experiment('0').artifact_location}/models/{number}/artifacts"
    assert b"sklearn" in Artifacts(place).read("MLmodel")


def test_experiments_are_managed_through_the_client_class(
    store: Store, run: Run, endpoint: Loopback, program: Program
) -> None:
    code = """
        import json, mlflow
        mlflow.log_metric("loss", 1)
        client = mlflow.MlflowClient()
        made = client.create_experiment("made", tags={"team": "a"})
        client.set_experiment_tag(made, "team", "b")
        client.rename_experiment(made, "renamed")
        inside = client.create_run(made, run_name="there", tags={"mlflow.parentRunId": "x"})
        client.set_terminated(inside.info.run_id, "KILLED")
        client.delete_run(inside.info.run_id)
        client.restore_run(inside.info.run_id)
        client.delete_experiment(made)
        deleted = client.get_experiment(made)
        client.restore_experiment(made)
        try:
            client.create_experiment("renamed")
        except mlflow.MlflowException as error:
            taken = error.error_code
        names = [one.name for one in client.search_experiments(order_by=["name DESC"])]
        print(json.dumps([inside.info.run_id, made, deleted.lifecycle_stage, taken, names]))
    """

    outcome = program(endpoint, code)

    assert outcome.code == 0, outcome.err
    inside, made, stage, taken, names = outcome.said
    assert (stage, taken, names) == ("deleted", "RESOURCE_ALREADY_EXISTS", ["renamed", "Default"])
    assert store.experiment(made).tags == {"team": "b"}
    child = store.run(inside)
    assert (child.experiment_id, child.name, child.status) == (made, "there", RunStatus.KILLED)
    assert (child.lifecycle, child.tags["mlflow.parentRunId"]) == (Lifecycle.ACTIVE, "x")
    assert store.run(run.id).experiment_id == "0"  # the client was inside
