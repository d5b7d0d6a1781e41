"""What people do with an mlflow client, one function each: it does it, reads it back, and returns what it read as plain data.

    python flows.py NAMESPACE RESULT.json [FLOW...]

runs under every version of mlflow that is tested; MLFLOW_TRACKING_URI says where. Names of experiments and models begin with
the namespace. A failure is a result as well: the code of the error stands in the place of what would have been read.
"""

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]

import mlflow  # noqa: E402
import mlflow.sklearn  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from packaging.version import Version  # noqa: E402

VERSION = Version(mlflow.__version__)
FLOWS = {}
RUN_OPERATORS = (
    "metrics.loss < 0.5", "metrics.loss <= 0.5", "metrics.loss = 0.5", "metrics.loss != 0.5", "metrics.loss > 0.5",
    "metrics.loss >= 0.5", "metrics.`val/acc` > 0.5", "params.alpha = '0.1'", "params.alpha != '0.1'",
    "params.alpha LIKE '0.%'", "params.alpha ILIKE '0.%'", "params.note LIKE 'Two%'", "params.note ILIKE 'tWo%'",
    "tags.env = 'prod'", "tags.env != 'prod'", "tags.env LIKE 'pr%'", "tags.env ILIKE 'PR%'", "attributes.status = 'FINISHED'",
    "attributes.status != 'FINISHED'", "run_name = 'second'", "attributes.run_name LIKE 's%'", "start_time > 0",
    "metrics.loss < 0.9 and params.alpha = '0.1' AND tags.env = 'prod'", "user_id = 'nobody'", "params.absent = 'x'",
    "metrics.nan != 1", "metrics.nan > 0", "metrics.inf > 1",
)  # fmt: skip
NEWER_RUN_OPERATORS = (
    "tags.env IS NULL", "tags.env IS NOT NULL", "params.note IS NULL", "params.note IS NOT NULL", "end_time > 0",
    "attributes.run_id IN ('a', 'b')", "run_id NOT IN ('a')",
    "datasets.name = 'iris'", "dataset.context LIKE 'tr%'", "datasets.digest IN ('nothing')",
)  # fmt: skip
WRONG_FILTERS = (
    "metrics.loss", "metrics.loss < 'a'", "params.alpha = 0.1", "what.loss < 1", "attributes.nothing = 'a'", "metrics.loss < 1 OR 1",
    "status < 'a'", "(metrics.loss < 1)",
)  # fmt: skip
ORDERS = (
    ["metrics.loss"], ["metrics.loss DESC"], ["params.alpha DESC", "metrics.loss ASC"], ["tags.env"], ["run_name DESC"],
    ["attributes.start_time ASC"], ["metrics.`val/acc` DESC"], ["metrics.nan"], ["metrics.nan DESC"], ["nothing.at all"],
)  # fmt: skip


def flow(since="1.0"):
    """A flow of clients from that version on; it gets a name that is its own."""

    def register(function):
        if Version(since) <= VERSION:
            FLOWS[function.__name__] = function
        return function

    return register


def tried(call, *arguments, **options):
    """What the call returns, or the code of the error that it raises."""
    try:
        return call(*arguments, **options)
    except MlflowException as error:
        return {"error": error.error_code}
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__}


def shown_run(run_id):
    run = MlflowClient().get_run(run_id)
    return {"info": shown_info(run.info), "data": shown_data(run.data), **shown_puts(run)}


def shown_info(info):
    names = "run_id run_name experiment_id user_id status start_time end_time lifecycle_stage artifact_uri".split()
    return {name: getattr(info, name, None) for name in names}


def shown_data(data):
    return {"metrics": dict(data.metrics), "params": dict(data.params), "tags": shown_tags(data.tags)}


def shown_tags(tags):
    """Where the script ran is its own affair; the history of a model is looked at for what it names."""
    if "mlflow.log-model.history" in tags:
        history = json.loads(tags["mlflow.log-model.history"])
        tags = {**tags, "mlflow.log-model.history": [sorted(entry) for entry in history]}
    return {key: value for key, value in tags.items() if not key.startswith("mlflow.source.git")}


def shown_puts(run):
    inputs, outputs = getattr(run, "inputs", None), getattr(run, "outputs", None)
    return {
        "datasets": [
            [item.dataset.name, item.dataset.digest, item.dataset.source_type, item.dataset.source, item.dataset.schema,
             item.dataset.profile, {tag.key: tag.value for tag in item.tags}]
            for item in getattr(inputs, "dataset_inputs", None) or []
        ],
        "models_in": [item.model_id for item in getattr(inputs, "model_inputs", None) or []],
        "models_out": [[item.model_id, item.step] for item in getattr(outputs, "model_outputs", None) or []],
    }  # fmt: skip


def shown_experiment(experiment):
    names = "experiment_id name artifact_location lifecycle_stage creation_time last_update_time".split()
    return {name: getattr(experiment, name, None) for name in names} | {"tags": dict(experiment.tags)}


def shown_registered(model):
    names = "name creation_timestamp last_updated_timestamp description".split()
    return {name: getattr(model, name) for name in names} | {
        "tags": dict(model.tags),
        "aliases": {alias: str(version) for alias, version in getattr(model, "aliases", {}).items()},
        "latest": [shown_version(version) for version in model.latest_versions or []],
    }


def shown_version(version):
    names = "name version creation_timestamp last_updated_timestamp current_stage description source run_id run_link status user_id"
    return {name: getattr(version, name, None) for name in names.split()} | {
        "version": str(version.version),
        "tags": dict(version.tags),
        "aliases": list(getattr(version, "aliases", [])),
        "model_id": getattr(version, "model_id", None),
    }


def shown_model(model):
    names = "model_id experiment_id name model_type source_run_id artifact_location creation_timestamp last_updated_timestamp"
    return {name: getattr(model, name, None) for name in names.split()} | {
        "status": str(model.status),
        "tags": dict(model.tags),
        "params": dict(model.params),
        "metrics": [
            [metric.key, metric.value, metric.step, metric.dataset_name, metric.dataset_digest, metric.run_id]
            for metric in model.metrics or []
        ],
    }


def listed(run_id, path=None):
    """All files of a run with their sizes."""
    found = []
    for item in MlflowClient().list_artifacts(run_id, path):
        found += listed(run_id, item.path) if item.is_dir else [[item.path, item.file_size]]
    return found


def sizeless(files):
    """Only the names: sizes hang on the ids and times in the files."""
    return [name for name, _ in files]


def trained():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.5).fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])


def predicted(model):
    return [int(label) for label in model.predict([[0.0], [3.0]])]


def log_model(name, **options):
    """The second argument was `artifact_path` and is `name`; requirements are given because finding them takes seconds."""
    return mlflow.sklearn.log_model(trained(), name, pip_requirements=["scikit-learn"], **options)


# experiments ------------------------------------------------------------------------------------------------
@flow()
def experiments(space):
    client = MlflowClient()
    made = client.create_experiment(f"{space}", tags={"team": "a", "äö": "ü ✓"})
    client.set_experiment_tag(made, "team", "b")
    again = tried(client.create_experiment, space)
    client.rename_experiment(made, f"{space}-renamed")
    renamed = shown_experiment(client.get_experiment(made))
    client.delete_experiment(made)
    deleted = shown_experiment(client.get_experiment(made))
    twice = tried(client.delete_experiment, made)
    run_in_deleted = tried(client.create_run, made)
    client.restore_experiment(made)
    return {
        "again": again, "renamed": renamed, "deleted": deleted, "twice": twice, "run_in_deleted": run_in_deleted,
        "restored": shown_experiment(client.get_experiment(made)),
        "by_name": shown_experiment(client.get_experiment_by_name(f"{space}-renamed")),
        "absent": tried(client.get_experiment_by_name, f"{space}-absent"),
        "absent_id": tried(client.get_experiment, "987654"),
        "no_id": tried(client.get_experiment, "abc"),
        "no_name": tried(client.create_experiment, ""),
        "number": tried(client.rename_experiment, made, ""),
        "default": shown_experiment(client.get_experiment("0"))["name"],
    }  # fmt: skip


@flow("1.27")
def search_experiments(space):
    client = MlflowClient()
    for letter in "abc":
        made = client.create_experiment(f"{space}-{letter}", tags={"letter": letter})
    client.delete_experiment(made)
    filters = [
        f"name = '{space}-a'", f"name LIKE '{space}-%'", f"name ILIKE '{space.upper()}-%'", f"name != '{space}-a' AND name LIKE '{space}-%'",
        f"name LIKE '{space}-%' AND tags.letter = 'b'", f"tag.letter LIKE 'a%' AND attribute.name LIKE '{space}-%'",
        f"name LIKE '{space}-%' AND creation_time > 0", f"name LIKE '{space}-%' AND last_update_time > 0", "nothing = 'a'", "name < 'a'",
        "attributes.name = 'a'", "name = 1",
    ]  # fmt: skip
    found = {
        text: tried(lambda text=text: names(client.search_experiments(filter_string=text)))
        for text in filters
    }
    orders = (["name DESC"], ["creation_time ASC"], ["experiment_id DESC"], ["last_update_time"], ["nothing"])
    mine = f"name LIKE '{space}-%'"
    for order in orders:
        found[str(order)] = tried(
            lambda order=order: names(client.search_experiments(filter_string=mine, order_by=order))
        )
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        found[f"view {view}"] = names(client.search_experiments(view_type=view, filter_string=mine))
    page = client.search_experiments(max_results=1, filter_string=mine)
    found["pages"] = (
        names(page),
        names(client.search_experiments(max_results=1, filter_string=mine, page_token=page.token)),
    )
    return found


def names(items):
    return [item.name for item in items]


# runs -------------------------------------------------------------------------------------------------------
@flow()
def fluent(space):
    mlflow.set_experiment(space)
    with mlflow.start_run(run_name="first", tags={"given": "1"}) as run:
        mlflow.log_param("alpha", 0.1)
        mlflow.log_params({"beta": "two words", "empty": "", "ünï": "✓", "none": None})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics(
            {
                "acc": 0.5,
                "nan": float("nan"),
                "inf": float("inf"),
                "-inf": float("-inf"),
                "a/b c.d-e": -1e-300,
            },
            step=-3,
        )
        mlflow.set_tag("env", "prod")
        mlflow.set_tags({"mlflow.note.content": "a **note**", "n": 5})
        again = tried(mlflow.log_param, "alpha", "0.1")
        other = tried(mlflow.log_param, "alpha", "0.2")
        mlflow.delete_tag("n")
        untagged = tried(mlflow.delete_tag, "n")
        running = shown_info(MlflowClient().get_run(run.info.run_id).info)
    return {
        "run": shown_run(run.info.run_id),
        "again": bool(again),
        "other": other,
        "untagged": untagged,
        "running": running,
    }


@flow()
def endings(space):
    mlflow.set_experiment(space)
    ends = {}
    try:
        with mlflow.start_run(run_name="fails") as failing:
            raise ValueError
    except ValueError:
        ends["failed"] = shown_run(failing.info.run_id)["info"]
    killed = mlflow.start_run(run_name="killed")
    mlflow.end_run("KILLED")
    ends["killed"] = shown_run(killed.info.run_id)["info"]
    with mlflow.start_run(run_id=killed.info.run_id):
        ends["resumed"] = shown_run(killed.info.run_id)["info"]
        mlflow.log_metric("late", 1)
    ends["resumed_end"] = shown_run(killed.info.run_id)
    return ends


@flow()
def nested(space):
    mlflow.set_experiment(space)
    with (
        mlflow.start_run(run_name="parent") as parent,
        mlflow.start_run(run_name="child", nested=True) as child,
    ):
        with mlflow.start_run(nested=True, run_name="grandchild") as grandchild:
            mlflow.log_metric("deep", 1)
    children = MlflowClient().search_runs(
        [parent.info.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    )
    return {
        "runs": [shown_run(run.info.run_id) for run in (parent, child, grandchild)],
        "children": [run.data.tags["mlflow.runName"] for run in children],
    }


@flow()
def client_runs(space):
    client = MlflowClient()
    experiment = client.create_experiment(space)
    run = client.create_run(
        experiment, start_time=1_600_000_000_123, tags={"mlflow.runName": "by client", "mlflow.user": "ann"}
    )
    id_ = run.info.run_id
    moments = 1_600_000_000_000
    client.log_batch(
        id_,
        metrics=[Metric("m", float(n % 3), moments + n, n // 2) for n in range(10)],
        params=[Param(f"p{n}", str(n)) for n in range(3)],
        tags=[RunTag("a", "1"), RunTag("a", "2")],
    )
    client.log_metric(id_, "m", 7.5, timestamp=moments, step=-2)
    client.log_metric(id_, "m", 7.5, timestamp=moments, step=-2)
    refused = {
        "same param twice": tried(client.log_batch, id_, params=[Param("q", "1"), Param("q", "1")]),
        "other value": tried(
            client.log_batch, id_, params=[Param("p0", "9")], metrics=[Metric("never", 1, 1, 1)]
        ),
        "key": tried(client.log_param, id_, "../x", "1"),
        "metric key": tried(client.log_metric, id_, "a//b", 1),
        "tag key": tried(client.set_tag, id_, "/a", 1),
        "long key": tried(client.log_param, id_, "k" * 251, "1"),
        "not a number": tried(client.log_metric, id_, "text", "text"),
        "absent run": tried(client.log_metric, "0" * 32, "m", 1),
        "get absent": tried(client.get_run, "0" * 32),
        "absent experiment": tried(client.create_run, "987654"),
    }
    client.set_terminated(id_, "FAILED", end_time=1_600_000_001_000)
    client.delete_run(id_)
    deleted = shown_run(id_), tried(client.log_metric, id_, "m", 1), tried(client.set_tag, id_, "a", "3")
    client.restore_run(id_)
    return {
        "refused": refused, "deleted": deleted, "restored": shown_run(id_), "history": history(id_, "m"),
        "no history": history(id_, "nothing"),
    }  # fmt: skip


def history(run_id, key):
    return [
        [point.key, point.value, point.timestamp, point.step]
        for point in MlflowClient().get_metric_history(run_id, key)
    ]


@flow("2.0")
def renamed_runs(space):
    client = MlflowClient()
    run = client.create_run(client.create_experiment(space), run_name="before")
    client.update_run(run.info.run_id, name="after", status="FINISHED")
    first = shown_run(run.info.run_id)
    client.set_tag(run.info.run_id, "mlflow.runName", "tagged")
    unnamed = client.create_run(run.info.experiment_id)
    return {
        "renamed": first, "tagged": shown_run(run.info.run_id), "unnamed": shown_run(unnamed.info.run_id),
        "conflict": tried(client.create_run, run.info.experiment_id, run_name="a", tags={"mlflow.runName": "b"}),
    }  # fmt: skip


@flow()
def long_values(space):
    client = MlflowClient()
    id_ = client.create_run(client.create_experiment(space)).info.run_id
    values = {"param 500": 500, "param 6000": 6000}
    for name, length in values.items():
        client.log_param(id_, name, "x" * length)
    client.set_tag(id_, "tag 5000", "ü" * 5000)
    run = client.get_run(id_)
    return {
        "params": {key: len(value) for key, value in run.data.params.items()},
        "tags": {key: len(value) for key, value in run.data.tags.items() if key != "mlflow.runName"},
        "experiment tag": tried(client.set_experiment_tag, run.info.experiment_id, "t", "x" * 5001),
    }


@flow()
def search_runs(space):
    client = MlflowClient()
    experiment = client.create_experiment(space)
    for number, name in enumerate(("first", "second", "third")):
        run = client.create_run(experiment, start_time=1000 + number, tags={"mlflow.runName": name})
        client.log_param(run.info.run_id, "alpha", ["0.1", "0.2", "10"][number])
        client.log_metric(run.info.run_id, "loss", [0.3, 0.5, 0.9][number])
        client.log_metric(run.info.run_id, "val/acc", number / 2)
        if number:
            client.set_tag(run.info.run_id, "env", ["", "prod", "dev"][number])
            client.log_metric(run.info.run_id, "nan", float("nan") if number == 1 else 2.0)
        else:
            client.log_param(run.info.run_id, "note", "Two words, it's")
            client.log_metric(run.info.run_id, "inf", float("inf"))
        if number != 2:
            client.set_terminated(run.info.run_id, end_time=5000)

    def found(text, **options):
        return tried(lambda: run_names(client.search_runs([experiment], text, **options)))

    filters = RUN_OPERATORS + WRONG_FILTERS + (NEWER_RUN_OPERATORS if Version("3.0") <= VERSION else ())
    results = {text: found(text) for text in filters}
    results |= {str(order): found("", order_by=order) for order in ORDERS}
    client.delete_run(run.info.run_id)
    views = (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL)
    results |= {f"view {view}": found("", run_view_type=view) for view in views}
    page = client.search_runs([experiment], max_results=1)
    second = client.search_runs([experiment], max_results=1, page_token=page.token)
    results["pages"] = run_names(page), run_names(second), bool(second.token)
    results["none"] = run_names(client.search_runs([], ""))
    results["frame"] = sorted(mlflow.search_runs([experiment], "metrics.loss < 0.6").columns)
    return results


def run_names(runs):
    return [run.data.tags["mlflow.runName"] for run in runs]


# artifacts ----------------------------------------------------------------------------------------------------
@flow()
def artifacts(space):
    mlflow.set_experiment(space)
    with tempfile.TemporaryDirectory() as place, mlflow.start_run() as run:
        files = {
            "empty": b"",
            "one.bin": bytes(range(256)),
            "deep/er/ü ✓.txt": "ü".encode(),
            "a+b & c=d.txt": b"plus",
        }
        for name, content in files.items():
            path = Path(place, "tree", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        mlflow.log_artifacts(str(Path(place, "tree")), "tree")
        mlflow.log_artifact(str(Path(place, "tree", "empty")))
        mlflow.log_artifact(str(Path(place, "tree", "one.bin")), "sub/dir")
        mlflow.log_text("text ✓", "texts/note.md")
        mlflow.log_dict({"a": [1, None]}, "dict.json")
        mlflow.log_dict({"a": [1]}, "dict.yaml")
        client, id_ = MlflowClient(), run.info.run_id
        down = Path(client.download_artifacts(id_, "tree", place))
        contents = {
            str(path.relative_to(down)): path.read_bytes().hex()[:64]
            for path in sorted(down.rglob("*"))
            if path.is_file()
        }
        return {
            "listed": listed(id_), "contents": contents, "empty": os.path.getsize(client.download_artifacts(id_, "empty", place)),
            "file": names_of(client.list_artifacts(id_, "tree")), "of a file": names_of(client.list_artifacts(id_, "dict.json")),
            "of nothing": names_of(client.list_artifacts(id_, "nothing")), "absent": tried(client.download_artifacts, id_, "nothing", place),
            "escape": [tried(client.list_artifacts, id_, path) for path in ("../..", "/etc", "a/../../b")],
            "text": mlflow.artifacts.load_text(f"runs:/{id_}/texts/note.md"),
            "dict": mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/dict.json"),
        }  # fmt: skip


def names_of(files):
    return [[file.path, file.is_dir, file.file_size] for file in files]


@flow()
def figures(space):
    import matplotlib as mpl

    mpl.use("agg")
    import numpy as np
    from matplotlib import pyplot as plt
    from PIL import Image

    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        figure, axes = plt.subplots()
        axes.plot([0, 1])
        mlflow.log_figure(figure, "figures/plot.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "image.png")
        mlflow.log_image(Image.new("RGB", (2, 2)), "pil.png")
    return {"files": sizeless(listed(run.info.run_id)), "run": shown_run(run.info.run_id)["data"]}


@flow("2.11")
def images_by_step(space):
    import numpy as np

    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        for step in range(2):
            mlflow.log_image(
                np.full((4, 4, 3), step, dtype=np.uint8),
                key="seen/often",
                step=step,
                timestamp=1_600_000_000_000,
            )
    return {"files": sizeless(listed(run.info.run_id)), "run": shown_run(run.info.run_id)["data"]}


@flow("2.4")
def tables(space):
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        for row in range(2):
            mlflow.log_table({"question": [f"q{row}"], "answer": [row]}, "table.json")
    table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
    return {"table": table.to_dict("list"), "run": shown_run(run.info.run_id)["data"]}


@flow("2.9")
def asynchronous(space):
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("loss", step, step=step, timestamp=1_600_000_000_000 + step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.set_tag("b", "c", synchronous=False).wait()
        mlflow.flush_async_logging()
    return {"run": shown_run(run.info.run_id), "history": history(run.info.run_id, "loss")}


@flow("2.9")
def system_metrics(space):
    mlflow.set_experiment(space)
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        time.sleep(1)
    keys = set(MlflowClient().get_run(run.info.run_id).data.metrics)
    wanted = {"system/cpu_utilization_percentage", "system/system_memory_usage_megabytes"}
    return {"there": sorted(wanted & keys), "points": len(history(run.info.run_id, sorted(wanted)[0])) > 1}


@flow("2.4")
def datasets(space):
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    mlflow.set_experiment(space)
    with mlflow.start_run(run_name="with data") as run:
        data = mlflow.data.from_pandas(frame, source="https://example.org/iris.csv", name="iris", targets="y")
        mlflow.log_input(data, context="train", tags={"split": "1"})
        mlflow.log_input(data, context="train")
        mlflow.log_input(
            mlflow.data.from_pandas(frame.head(1), source="https://example.org/b.csv", name="b"),
            context="test",
        )
    client = MlflowClient()
    texts = (
        "dataset.name = 'iris'", "datasets.context = 'train'", "dataset.name LIKE 'ir%'", "dataset.context ILIKE 'TEST'",
        "dataset.digest != 'x'", "datasets.name IN ('iris', 'c')", "datasets.name NOT IN ('iris', 'b')",
    )  # fmt: skip
    found = {
        text: tried(lambda text=text: run_names(client.search_runs([run.info.experiment_id], text)))
        for text in texts
    }
    return {"run": shown_run(run.info.run_id), "found": found}


# models -------------------------------------------------------------------------------------------------------
@flow()
def autolog(space):
    mlflow.set_experiment(space)
    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        trained().score([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    return {"run": shown_run(run.info.run_id), "files": sizeless(listed(run.info.run_id))}


@flow()
def models_of_runs(space):
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        logged = log_model("model", input_example=[[0.0]])
        log_model("deep-model")
    id_ = run.info.run_id
    loaded = mlflow.sklearn.load_model(f"runs:/{id_}/model"), mlflow.pyfunc.load_model(logged.model_uri)
    return {
        "run": shown_run(id_), "files": sizeless(listed(id_)), "predicted": [predicted(model) for model in loaded],
        "deep": predicted(mlflow.sklearn.load_model(f"runs:/{id_}/deep-model")),
        "absent": tried(mlflow.sklearn.load_model, f"runs:/{id_}/nothing"),
    }  # fmt: skip


@flow()
def registry(space):
    client = MlflowClient()
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        logged = log_model("model", registered_model_name=space)
    mlflow.register_model(f"runs:/{run.info.run_id}/model", space, tags={"how": "by uri"})
    client.update_registered_model(space, description="a ✓ model")
    client.set_registered_model_tag(space, "team", "a")
    client.update_model_version(space, "1", description="the first")
    client.set_model_version_tag(space, "2", "ok", "yes")
    client.delete_model_version_tag(space, "2", "how")
    stages = [shown_version(client.transition_model_version_stage(space, "1", "Production"))]
    stages += [
        shown_version(
            client.transition_model_version_stage(space, "2", "production", archive_existing_versions=True)
        )
    ]
    stages += [tried(client.transition_model_version_stage, space, "2", "nowhere")]
    result = {
        "uri": logged.model_uri,
        "stages": stages,
        "model": shown_registered(client.get_registered_model(space)),
        "versions": [shown_version(client.get_model_version(space, version)) for version in "12"],
        "latest": [shown_version(version) for version in client.get_latest_versions(space)],
        "production": [shown_version(version) for version in client.get_latest_versions(space, ["Production"])],
        "download": client.get_model_version_download_uri(space, "1"),
        "loaded": [predicted(mlflow.sklearn.load_model(f"models:/{space}/{which}")) for which in ("1", "2", "Production", "latest")],
        "absent": [
            tried(client.get_registered_model, f"{space}-absent"), tried(client.get_model_version, space, "9"),
            tried(client.get_latest_versions, f"{space}-absent"), tried(mlflow.sklearn.load_model, f"models:/{space}/9"),
            tried(client.create_registered_model, space), tried(client.create_registered_model, "a/b"),
            tried(client.create_model_version, f"{space}-absent", "runs:/x/y"),
            tried(client.set_model_version_tag, space, "9", "a", "b"),
        ],
    }  # fmt: skip
    client.delete_registered_model_tag(space, "team")
    client.delete_model_version(space, "2")
    result["after deletion"] = shown_registered(client.get_registered_model(space))
    mlflow.register_model(f"runs:/{run.info.run_id}/model", space)
    client.rename_registered_model(space, f"{space}-new")
    result["renamed"] = (
        shown_registered(client.get_registered_model(f"{space}-new")),
        tried(client.get_registered_model, space),
    )
    client.delete_registered_model(f"{space}-new")
    result["deleted"] = tried(client.get_registered_model, f"{space}-new")
    return result


@flow("2.3")
def aliases(space):
    client = MlflowClient()
    mlflow.set_experiment(space)
    with mlflow.start_run():
        for _ in range(2):
            log_model("model", registered_model_name=space)
    client.set_registered_model_alias(space, "champion", "1")
    client.set_registered_model_alias(space, "Challenger-2", "2")
    client.set_registered_model_alias(space, "champion", "2")
    result = {
        "model": shown_registered(client.get_registered_model(space)),
        "version": shown_version(client.get_model_version_by_alias(space, "champion")),
        "loaded": predicted(mlflow.sklearn.load_model(f"models:/{space}@champion")),
        "refused": [tried(client.set_registered_model_alias, space, alias, "1") for alias in ("latest", "v1", "a b", "")],
        "absent": [
            tried(client.get_model_version_by_alias, space, "nobody"), tried(client.set_registered_model_alias, space, "a", "9"),
            tried(mlflow.sklearn.load_model, f"models:/{space}@nobody"),
        ],
    }  # fmt: skip
    client.delete_registered_model_alias(space, "champion")
    client.delete_registered_model_alias(space, "nobody")
    result["without"] = shown_version(client.get_model_version(space, "2"))
    return result


@flow()
def search_registry(space):
    client = MlflowClient()
    for letter in "abc":
        client.create_registered_model(f"{space}-{letter}", tags={"letter": letter}, description=letter)
    run = client.create_run(client.create_experiment(space))
    for number in range(3):
        source = f"{run.info.artifact_uri}/model{number}" if number else "s3://elsewhere/model0"
        client.create_model_version(
            f"{space}-a", source, run.info.run_id if number else None, tags={"n": str(number)}
        )
    mine = f"name LIKE '{space}-%'"
    texts = [f"name = '{space}-a'", mine, f"name ILIKE '{space.upper()}-%'"]
    if Version("2.0") <= VERSION:
        texts += [f"{mine} AND name != '{space}-a'", f"{mine} AND tags.letter = 'b'", f"{mine} AND tags.letter != 'b'",
                  f"{mine} AND tag.letter LIKE 'b%'", f"{mine} AND tags.letter ILIKE 'B%'", "nothing = 'a'", "name < 'a'"]  # fmt: skip
    found = {text: tried(lambda text=text: names(client.search_registered_models(text))) for text in texts}
    for order in (["name DESC"], ["last_updated_timestamp ASC"], ["timestamp DESC"], ["nothing"]):
        found[str(order)] = tried(
            lambda order=order: names(client.search_registered_models(mine, order_by=order))
        )
    page = client.search_registered_models(mine, max_results=2)
    found["pages"] = (
        names(page),
        names(client.search_registered_models(mine, max_results=2, page_token=page.token)),
    )
    one = f"name = '{space}-a'"
    texts = [one, f"run_id = '{run.info.run_id}'"]
    if Version("2.0") <= VERSION:
        texts += [f"{one} AND run_id = ''", f"{one} AND run_id IN ('{run.info.run_id}')", f"{one} AND tags.n = '1'", f"{one} AND version_number > 1",
                  f"{one} AND version_number = 1", f"{one} AND source_path LIKE '%model2'", f"name LIKE '{space}-%'", "nothing = 'a'"]  # fmt: skip
    for text in texts:
        found[f"versions {text}"] = tried(lambda text=text: versions(client.search_model_versions(text)))
    if Version("2.0") <= VERSION:
        for order in (
            ["version_number DESC"],
            ["creation_timestamp ASC"],
            ["last_updated_timestamp"],
            ["name", "version_number ASC"],
            ["nothing"],
        ):
            found[f"versions {order}"] = tried(
                lambda order=order: versions(client.search_model_versions(one, order_by=order))
            )
    return found


def versions(items):
    return [[item.name, str(item.version), item.run_id, dict(item.tags)] for item in items]


@flow("2.8")
def copied_versions(space):
    mlflow.set_experiment(space)
    with mlflow.start_run():
        log_model("model", registered_model_name=space)
    copy = MlflowClient().copy_model_version(f"models:/{space}/1", f"{space}-copy")
    return {
        "copy": shown_version(copy),
        "predicted": predicted(mlflow.sklearn.load_model(f"models:/{space}-copy/1")),
    }


@flow("1.30")
def lists(space):
    """Calls that only old clients make."""
    client = MlflowClient()
    if not hasattr(client, "list_experiments"):
        return {}
    client.create_experiment(space)
    client.create_registered_model(space)
    return {
        "experiments": space in names(client.list_experiments()),
        "registered": space in names(client.list_registered_models()),
        "infos": len(client.list_run_infos(client.get_experiment_by_name(space).experiment_id)),
    }


@flow("3.0")
def logged_models(space):
    client = MlflowClient()
    experiment = mlflow.set_experiment(space).experiment_id
    with mlflow.start_run(run_name="maker") as run:
        first = mlflow.initialize_logged_model(
            "first", params={f"p{n}": n for n in range(120)}, tags={"a": "b"}, model_type="agent"
        )
        mlflow.finalize_logged_model(first.model_id, "READY")
        mlflow.log_metric("acc", 0.9, step=2, timestamp=1_600_000_000_000, model_id=first.model_id)
        second = mlflow.create_external_model("second", model_type="agent")
        mlflow.log_metric("acc", 0.4, step=1, timestamp=1_600_000_000_000, model_id=second.model_id)
    mlflow.set_logged_model_tags(first.model_id, {"a": "c", "d": "e"})
    mlflow.delete_logged_model_tag(first.model_id, "d")
    result = {
        "models": [shown_model(mlflow.get_logged_model(model.model_id)) for model in (first, second)],
        "run": shown_run(run.info.run_id),
        "absent": tried(mlflow.get_logged_model, "m-" + "0" * 32),
    }
    texts = (
        "name = 'first'", "name LIKE 'f%'", "name ILIKE 'F%'", "name IN ('first', 'x')", "name NOT IN ('first')", "name != 'first'",
        "model_type = 'agent'", "metrics.acc > 0.5", "metrics.acc <= 0.4", "params.p7 = '7'", "tags.a = 'c'", "tags.a != 'c'",
        "status = 'READY'", f"source_run_id = '{run.info.run_id}'", "creation_timestamp > 0", "creation_time < 5", "nothing = 'a'",
        "name = 'first' AND metrics.acc > 0.5", "metrics.acc > 'a'", f"model_id = '{first.model_id}'",
    )  # fmt: skip

    def found(**options):
        return tried(lambda: names(client.search_logged_models([experiment], **options)))

    result["found"] = {text: found(filter_string=text) for text in texts}
    orders = [[{"field_name": "metrics.acc", "ascending": up}] for up in (True, False)]
    orders += [
        [{"field_name": "name"}],
        [{"field_name": "creation_timestamp", "ascending": True}],
        [{"field_name": "nothing"}],
    ]
    result["ordered"] = [found(order_by=order) for order in orders]
    page = client.search_logged_models([experiment], max_results=1, order_by=[{"field_name": "name"}])
    more = client.search_logged_models(
        [experiment], max_results=1, order_by=[{"field_name": "name"}], page_token=page.token
    )
    result["pages"] = names(page), names(more), bool(more.token)
    client.delete_logged_model(second.model_id)
    result["deleted"] = found(), tried(mlflow.get_logged_model, second.model_id)
    return result


@flow("3.0")
def evaluated(space):
    """What `mlflow.models.evaluate` records: a metric about a model on a data set."""
    import pandas as pd
    from mlflow.entities import LoggedModelInput

    mlflow.set_experiment(space)
    data = mlflow.data.from_pandas(
        pd.DataFrame({"x": [1.0]}), source="https://example.org/x.csv", name="held out"
    )
    with mlflow.start_run(run_name="maker"):
        model = log_model("model")
    with mlflow.start_run(run_name="judge") as run:
        mlflow.log_input(data, context="eval", model=LoggedModelInput(model.model_id))
        mlflow.log_metric("acc", 0.7, timestamp=1_600_000_000_000, dataset=data, model_id=model.model_id)
    wide = [{"dataset_name": "held out"}]
    found = MlflowClient().search_logged_models([run.info.experiment_id], "metrics.acc > 0.5", datasets=wide)
    other = MlflowClient().search_logged_models(
        [run.info.experiment_id], "metrics.acc > 0.5", datasets=[{"dataset_name": "b"}]
    )
    return {
        "run": shown_run(run.info.run_id), "model": shown_model(mlflow.get_logged_model(model.model_id)),
        "found": names(found), "other": names(other),
    }  # fmt: skip


def performed(name, space):
    """What the flow read, or how it failed."""
    try:
        return FLOWS[name](f"{space}-{name.replace('_', '-')}")
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        while mlflow.active_run():
            mlflow.end_run("FAILED")
        return {"raised": f"{type(error).__name__}: {error}"[:500]}


if __name__ == "__main__":
    space, result, *chosen = sys.argv[1:]
    document = {name: performed(name, space) for name in chosen or FLOWS}
    Path(result).write_text(json.dumps(document, indent=1, sort_keys=True, default=str))
