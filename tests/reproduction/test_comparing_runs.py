"""Runs of a real project, compared as they were recorded."""

from contextlib import closing

from runner.progress import Progress
from runner.records.reading import read
from runner.reproduction.comparing import compare
from runner.reproduction.model import Tolerance, Verdict
from runner.reproduction.verdict import needed, verdict
from runner.settings import Settings
from runner.tracking import open_store
from tests.conftest import Cli, Files
from tests.reproduction.results import CLOSE

PROJECT = {
    "MLproject": """
        entry_points:
          main:
            parameters: {shift: {type: float, default: 0}}
            command: python train.py {shift}
            metrics: metrics.json
            outputs: [table.csv, weights.npy]
    """,
    "train.py": """
        import json, sys, time
        shift = float(sys.argv[1])
        losses = [{"step": step, "loss": 1 / (step + 1) + shift, "epoch_time": time.time()} for step in range(5)]
        open("metrics.json", "w").write(json.dumps(losses))
        open("table.csv", "w").write(f"x,y\\n1,{1 + shift!r}\\n")
        head = str({"descr": "<f8", "fortran_order": False, "shape": (2,)}).ljust(117) + "\\n"
        body = b"\\0" * 8 + bytes([0, 0, 0, 0, 0, 0, int(shift != 0), 64])
        open("weights.npy", "wb").write(b"\\x93NUMPY\\1\\0\\x76\\0" + head.encode() + body)
    """,
}


def test_runs_of_a_project_are_compared_as_they_were_recorded(
    cli: Cli, files: Files, settings: Settings
) -> None:
    demo = files(PROJECT)
    for shift in ("0", "0", "1e-9"):
        assert cli("run", demo, "-P", f"shift={shift}").code == 0

    with closing(open_store(settings)) as store:
        one, other, shifted = (
            read(store, reference, settings=settings, progress=Progress()) for reference in ("-3", "-2", "-1")
        )
        again, moved = compare(one, other), compare(one, shifted, CLOSE, ignore=["shift"])

    assert verdict(again) is Verdict.IDENTICAL
    assert {found.name: found.outcome.value for found in again} == {
        "status": "same", "code": "same", "shift": "same", "loss": "same", "epoch_time": "ignored",
        "table.csv": "same", "weights.npy": "same",
    }  # fmt: skip
    assert {found.name: found.outcome.value for found in moved} == {
        "status": "same", "code": "same", "shift": "ignored", "loss": "close", "epoch_time": "ignored",
        "table.csv": "close", "weights.npy": "different",
    }  # fmt: skip
    assert needed(moved) == Tolerance(relative=0.063)
