"""Files, figures, images, tables."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

from tests.clients.flows.reading import listed, shown_run, sizeless, tried
from tests.clients.flows.register import Read, flow


@flow()
def artifacts(space: str) -> Read:
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
            "listed": listed(id_), "contents": contents, "empty": Path(client.download_artifacts(id_, "empty", place)).stat().st_size,
            "file": names_of(client.list_artifacts(id_, "tree")), "of a file": names_of(client.list_artifacts(id_, "dict.json")),
            "of nothing": names_of(client.list_artifacts(id_, "nothing")), "absent": tried(client.download_artifacts, id_, "nothing", place),
            "escape": [tried(client.list_artifacts, id_, path) for path in ("../..", "/etc", "a/../../b")],
            "text": mlflow.artifacts.load_text(f"runs:/{id_}/texts/note.md"),
            "dict": mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/dict.json"),
        }  # fmt: skip


def names_of(files: Iterable[Any]) -> list[list[Any]]:
    return [[file.path, file.is_dir, file.file_size] for file in files]


@flow()
def figures(space: str) -> Read:
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
def images_by_step(space: str) -> Read:
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
def tables(space: str) -> Read:
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        for row in range(2):
            mlflow.log_table({"question": [f"q{row}"], "answer": [row]}, "table.json")
    table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
    return {"table": table.to_dict("list"), "run": shown_run(run.info.run_id)["data"]}
