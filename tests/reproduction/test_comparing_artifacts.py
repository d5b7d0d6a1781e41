"""Files of two runs held against each other: every format equal, close, different, broken, huge and hostile."""

import io
import pickle
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner.reproduction.comparing import artifacts, compare, contents, parquet
from runner.reproduction.model import Outcome, Tolerance
from tests.reproduction.results import Runs, as_json, image, npy, npz, only, recording, table, tensors

EXACT = Tolerance()
NUMBERS = np.arange(12, dtype=np.float64).reshape(3, 4)
F32 = ("F32", NUMBERS.astype("f4"))
GREY = np.full((4, 6, 3), 100, dtype=np.uint8)
each = pytest.mark.parametrize


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with recording(tmp_path_factory.mktemp("home")) as runs:
        yield runs


def changed(array: Any, index: Any, value: float) -> Any:
    copy = array.copy()
    copy[index] = value
    return copy


def packed(members: dict[str, bytes], year: int = 2020) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED)
    return file.getvalue()


NAN = float("nan")
# path, first, second, what comes of it with a relative tolerance of 1e-6
CASES: list[tuple[str, bytes, bytes, str]] = [
    ("a.json", b'{"a": 1, "b": 2}', b'{"b": 2.0, "a": 1}', "same"),
    ("a.json", b'{"a": NaN}', b'{"a":NaN}', "same"),
    ("a.json", b'{"a": [1.0, 2]}', b'{"a": [1.0000000001, 2]}', "close"),
    ("a.json", b'{"a": [1, 2]}', b'{"a": [2, 1]}', "different"),
    ("a.json", b'{"a": [1, 2]}', b'{"a": [1]}', "different"),
    ("a.json", b'{"a": 1}', b'{"a": "1"}', "different"),
    ("a.json", b'{"a": 1}', b'{"a": true}', "different"),
    ("a.json", b'{"a": 1}', b'{"a": 1, "b": null}', "different"),
    ("a.json", b'{"epoch_time": 1, "a": 1}', b'{"epoch_time": 2, "a": 1}', "ignored"),
    ("a.json", b'{"lead_time": 1, "a": 1}', b'{"lead_time": 2, "a": 1}', "different"),
    ("a.json", b"", b"{}", "different"),
    ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', b'{"a":1}\n\n{"a":2}', "same"),
    ("a.jsonl", b'{"a": 1}\n{"a": 2}\n', b'{"a":1}\n{"a":2.000000001}', "close"),
    ("a.ndjson", b'{"a": 1}\n', b'{"a":1}\n{"a":2}', "different"),
    ("a.yaml", b"a: 1\nb: x\n", b"b: x\na: 1.0\n", "same"),
    ("a.yml", b"a: 1\n", b"a: 1.0000000001\n", "close"),
    ("a.yml", b"a: 1\n", b"a: 2\n", "different"),
    ("a.csv", b"x,y\n1,a\n", b"x;y\r\n1.0;a\r\n", "same"),
    ("a.csv", b'x,y\n1,"a"\n', b"x,y\n1,a\n", "same"),
    ("a.csv", b"x,y\n1,a\n", b"x,y\n1.000000001,a\n", "close"),
    ("a.csv", b"x,y\n1,nan\n", b"x,y\n1.0,NaN\n", "same"),
    ("a.csv", b"x,y\n1,a\n", b"x,y\n1,b\n", "different"),
    ("a.csv", b"x,y\n1,a\n", b"x,y\n1,a\n2,b\n", "different"),
    ("a.csv", b"x,y\n1,a\n", b"x,z\n1,a\n", "different"),
    ("a.csv", b"x,fit_time\n1,2\n", b"x,fit_time\n1,3\n", "ignored"),
    ("a.csv", b"x\n1\n", b"", "different"),
    ("a.csv", b"x\n\xff\n", b"x\n\xfe\n", "different"),
    ("a.tsv", b"x\ty\n1\t2\n", b"x\ty\n1\t2.0\n", "same"),
    ("a.parquet", table({"x": [1.0, 2.0]}), table({"x": [1.0, 2.0]}, compression="gzip"), "same"),
    ("a.parquet", table({"x": [1, None]}), table({"x": [1, None]}, row_group_size=1), "same"),
    ("a.parquet", table({"x": [NAN, 2.0]}), table({"x": [NAN, 2.0]}, compression="gzip"), "same"),
    ("a.parquet", table({"x": [1.0, 2.0]}), table({"x": [1.0, 2.0000000001]}), "close"),
    ("a.parquet", table({"x": [[1.0], []]}), table({"x": [[1.0000000001], []]}), "close"),
    ("a.parquet", table({"x": [1, None]}), table({"x": [1, 2]}), "different"),
    ("a.parquet", table({"x": [1]}), table({"x": [1, 2]}), "different"),
    ("a.parquet", table({"x": [1], "y": [1]}), table({"x": [1]}), "different"),
    ("a.parquet", table({"x": ["a", "b"]}), table({"x": ["a", "c"]}), "different"),
    ("a.parquet", table({"x": ["a"], "fit_time": [1]}), table({"x": ["a"], "fit_time": [2]}), "ignored"),
    ("a.parquet", table({"x": []}), table({"x": []}, compression="gzip"), "same"),
    ("a.npy", npy(NUMBERS), npy(NUMBERS.astype(np.float32)), "same"),
    ("a.npy", npy(NUMBERS), npy(np.asfortranarray(NUMBERS)), "same"),
    ("a.npy", npy(changed(NUMBERS, 0, NAN)), npy(np.asfortranarray(changed(NUMBERS, 0, NAN))), "same"),
    ("a.npy", npy(NUMBERS), npy(changed(NUMBERS, (1, 1), 5.0000000001)), "close"),
    ("a.npy", npy(NUMBERS), npy(changed(NUMBERS, (1, 1), 6)), "different"),
    ("a.npy", npy(NUMBERS), npy(changed(NUMBERS, (1, 1), np.inf)), "different"),
    ("a.npy", npy(NUMBERS), npy(NUMBERS.T), "different"),
    ("a.npy", npy(np.array(1.0)), npy(np.array(1)), "same"),
    ("a.npy", npy(np.empty((0, 3))), npy(np.empty((0, 3), dtype=np.int8)), "same"),
    ("a.npy", npy(np.array([1 + 1j])), npy(np.array([1 + 1.0000000001j])), "close"),
    ("a.npy", npy(np.array(["a", "b"])), npy(np.array(["a", "bc"])), "different"),
    ("a.npy", npy(np.array(["a", "b"])), npy(np.array(["a", "b"], dtype="<U9")), "same"),
    ("a.npy", npy(np.array(["a", "b"])), npy(np.array([1, 2])), "different"),
    ("a.npy", npy(np.array(["NaT"], "M8[s]")), npy(np.array(["NaT"], "M8[ms]")), "same"),
    ("a.npy", npy(np.array([(1, 2.0)], "i4,f8")), npy(np.array([(1, 2.0)], "i8,f8")), "same"),
    ("a.npy", npy(np.array([(1, 2.0)], "i4,f8")), npy(np.array([(1, 2.5)], "i8,f8")), "different"),
    ("a.safetensors", tensors(x=("F64", NUMBERS), y=F32), tensors(y=F32, x=("F64", NUMBERS)), "same"),
    ("a.safetensors", tensors(x=("F64", NUMBERS + 1)), tensors(x=("F64", NUMBERS + 1 + 1e-12)), "close"),
    ("a.safetensors", tensors(x=("F64", NUMBERS)), tensors(x=("F64", NUMBERS + 1)), "different"),
    ("a.safetensors", tensors(x=("F64", NUMBERS)), tensors(y=("F64", NUMBERS)), "different"),
    ("a.safetensors", tensors(x=("BF16", np.array([16256], "u2"))), tensors(x=("F32", np.array([1], "f4"))), "same"),
    ("a.safetensors", tensors(x=("F8_E4M3", np.array([1], "u1"))), tensors(x=("F8_E4M3", np.array([2], "u1"))), "different"),
    ("a.npz", npz(x=NUMBERS, y=NUMBERS), npz(y=NUMBERS, x=NUMBERS), "same"),
    ("a.npz", npz(x=NUMBERS), npz(x=NUMBERS + 1e-12), "different"),  # 0 and 1e-12: never relatively close
    ("a.npz", npz(x=NUMBERS + 1), npz(x=NUMBERS + 1 + 1e-12), "close"),
    ("a.npz", npz(x=NUMBERS), npz(x=NUMBERS, y=NUMBERS), "different"),
    ("a.keras", packed({"a.json": b"{}", "w": b"1"}), packed({"a.json": b"{ }", "w": b"1"}, 2021), "same"),
    ("a.zip", packed({"a.csv": b"x\n1\n"}), packed({"a.csv": b"x\n1.0000000001\n"}), "close"),
    ("a.zip", packed({"a.bin": b"\0\1"}), packed({"a.bin": b"\0\2"}), "different"),
    ("a.zip", packed({"b.zip": packed({"x": b"1"})}), packed({"b.zip": packed({"x": b"2"})}), "different"),
    ("a.pt", packed({"m/data/0": b"\0\1"}), packed({"m/data/0": b"\0\1"}, 2021), "same"),
    ("a.png", image(GREY), image(GREY, compress_level=0), "same"),
    ("a.png", image(GREY), image(GREY, "BMP"), "same"),
    ("a.png", image(GREY), image(changed(GREY, (0, 0, 0), 101)), "different"),
    ("a.png", image(GREY), image(GREY[:3]), "different"),
    ("a.tiff", image(GREY, "TIFF"), image(GREY, "TIFF", compression="tiff_lzw"), "same"),
    ("a.txt", b"a\nb\n", b"a\nc\n", "different"),
    ("README", b"a\n", b"a\r\n", "different"),
    ("model.pkl", pickle.dumps([1]), pickle.dumps([2]), "different"),
    ("a.bin", b"\0\1", b"\0\2", "different"),
    ("empty", b"", b"\0", "different"),
]  # fmt: skip


@each(("path", "first", "second", "outcome"), CASES)
def test_content_is_compared_by_its_format(
    runs: Runs, path: str, first: bytes, second: bytes, outcome: str
) -> None:
    found = runs.held(path, first, second)

    assert found.outcome.value == outcome
    assert found.before != found.after


@each(("path", "first", "second", "outcome"), [case for case in CASES if case[3] == "close"])
def test_what_is_close_is_different_without_a_tolerance(
    runs: Runs, path: str, first: bytes, second: bytes, outcome: str
) -> None:
    found = runs.held(path, first, second, EXACT)

    assert found.outcome is Outcome.DIFFERENT
    assert found.distance is not None
    assert 0 < found.distance < 1e-6


@each(
    ("path", "first", "second", "note"),
    [
        ("a.json", b'{"b": 1, "a": 2}', b'{"a": 2, "b": 1}', "equal content in other bytes"),
        ("a.json", b'{"a": [1, 2, 3]}', b'{"a": [1, 5, 3]}', "1 of 3 values differ"),
        ("a.json", b'{"a": 1, "wall_time": 1}', b'{"a": 1, "wall_time": 2}', "1 not compared"),
        ("a.csv", b"x\n1\n2\n", b"x\n1\n4\n", "1 of 3 cells differ"),
        ("a.parquet", table({"x": [1]}), table({"x": [1, 2]}), "1 of 1 cells differ; 1 and 2 rows"),
        ("a.parquet", table({"x": [1]}), table({"y": [1]}), "column y only in the second"),
        ("a.parquet", table({"x": [1, None, 3]}), table({"x": [None, None, 4]}), "2 of 3 cells differ"),
        ("a.npy", npy(NUMBERS), npy(NUMBERS.T), "shape 3x4 and 4x3"),
        ("a.npz", npz(x=NUMBERS), npz(y=NUMBERS), "x.npy only in the first; y.npy only in the second"),
        ("a.png", image(GREY), image(changed(GREY, (0, 0, 0), 124)), "by 24 at most, 0.25 on average"),
        ("a.png", image(GREY), image(GREY[:3]), "6x4 uint8 and 6x3 uint8 pixels"),
        ("a.txt", b"a\nb\nc\n", b"a\nx\ny\nc\n", "-1 +2 lines"),
        ("a.txt", b"a\n", b"a\r\n", "only line ends differ"),
        ("model.pkl", pickle.dumps([1]), pickle.dumps([2]), "a pickle is not opened, for it can run code"),
        ("a.bin", b"\0\1", b"\0\2", "digest differs; of a format that is not looked into"),
        ("a.zip", packed({"b.bin": b"\0\1"}), packed({"b.bin": b"\0\2"}), "b.bin differs; of a format that is not looked into"),
        ("a.zip", packed({"b.zip": b"1"}), packed({"b.zip": b"2"}), "an archive in another stays closed"),
    ],
)  # fmt: skip
def test_a_note_says_what_was_found(runs: Runs, path: str, first: bytes, second: bytes, note: str) -> None:
    assert note in runs.held(path, first, second).note


BROKEN = {
    "a.json": b"{'a': 1}",
    "a.jsonl": b'{"a": 1}\n{',
    "a.yaml": b"a: [1",
    "a.parquet": table({"x": [1, 2, 3]})[:-9],
    "b.parquet": b"PAR1" + b"\xff" * 40 + b"PAR1",
    "a.npy": npy(NUMBERS)[:-8],
    "a.npz": npz(x=NUMBERS)[:-30],
    "a.safetensors": tensors(x=("F64", NUMBERS))[:-8],
    "b.safetensors": b"\xff" * 40,
    "c.safetensors": b"\0" * 8,
    "d.safetensors": b"",
    "a.keras": b"PK\3\4 nothing",
    "a.png": image(GREY)[:-30],
    "a.gif": b"GIF89a",
    "a.csv": b'x,y\n"' + b"1" * 200_000,
}


@each("path", BROKEN)
def test_a_broken_file_is_different_and_said_to_be_broken(runs: Runs, path: str) -> None:
    found = runs.held(path, BROKEN[path], BROKEN[path] + b" ")

    assert found.outcome is Outcome.DIFFERENT
    assert found.note.startswith("digest differs; ")
    assert found.gap is None


def test_a_broken_file_is_the_same_as_its_copy(runs: Runs) -> None:
    assert runs.held("a.json", b"{", b"{").outcome is Outcome.SAME


class Trap:
    """Tells when somebody unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("unpickled"),))


def png_of(width: int, height: int) -> bytes:
    """A picture that is all zeros, and small however large it is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def claiming(shape: str) -> bytes:
    """An array that claims to be larger than its file."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head


HOSTILE = {
    "deep.json": b"[" * 1_000_000,
    "deep.jsonl": b"[" * 1_000_000,
    "number.json": b"1" * 1_000_000,
    "aliases.yaml": b"a: &a [x, x]\nb: &b [*a, *a]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b"*%c, " % c * 9) for c in b"bcdefghijklmno"),
    "tag.yaml": b"!!python/object/apply:os.system [touch unpickled]",
    "deep.yaml": b"[" * 500_000,
    "wide.csv": b"x," * 3_000_000,
    "objects.npy": b"",  # below: pickled
    "claims.npy": claiming("(1000000000000,)"),
    "negative.npy": claiming("(-1,)"),
    "bomb.npz": packed({"x.npy": b"\0" * 100_000_000}),
    "many.zip": packed({str(index): b"" for index in range(10_001)}),
    "out.zip": packed({"../../out": b"1"}),
    "bomb.png": png_of(100_000, 100_000),
    "large.png": png_of(8_000, 8_000),
    "trap.pkl": pickle.dumps(Trap()),
    "trap.npz": b"",
}


@each("path", HOSTILE)
def test_a_hostile_file_is_different_soon_and_does_nothing(
    runs: Runs, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.array([Trap()], dtype=object)
    content = {"objects.npy": npy(objects), "trap.npz": npz(x=objects)}.get(path, HOSTILE[path])
    # the other one is as hostile, and another
    other = {"trap.npz": npz(x=objects, y=objects)}.get(path, content + b" ")
    begun = time.monotonic()

    found = runs.held(path, content, other)

    assert found.outcome is Outcome.DIFFERENT
    assert found.gap is None
    assert time.monotonic() - begun < 30
    assert list(tmp_path.rglob("unpickled")) == []
    assert not (tmp_path / "out").exists()


def test_a_table_that_unpacks_to_too_much_is_told_by_its_digest(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MOST_CELLS", 1_000)
    one, other = (table({"x": np.zeros(1_001 + surplus)}) for surplus in (0, 1))

    assert "more than 1,000 cells" in runs.held("a.parquet", one, other).note


def test_a_large_file_is_told_by_its_digest(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LARGEST", 10)
    same_size = runs.held("a.json", b"[1,2,3,4,5,6]", b"[1,2,3,4,5,7]")
    other_size = runs.held("a.json", b"[1,2,3,4,5,6]", b"[1,2,3,4,5,67]")

    for found in (same_size, other_size):
        assert (found.outcome, found.distance) == (Outcome.DIFFERENT, None)
        assert "larger than" in found.note


def test_long_texts_are_counted_without_being_aligned(runs: Runs) -> None:
    one = b"".join(b"line %d\n" % number for number in range(100_000))
    begun = time.monotonic()

    found = runs.held("a.txt", one, one.replace(b"line 7\n", b"line seven\n"))

    assert found.note == "1 of 100,000 lines differ; -1 +1 lines"
    assert time.monotonic() - begun < 10


def test_names_of_a_stranger_do_not_fill_the_report(runs: Runs) -> None:
    members = {"n" * 200 + str(index): b"" for index in range(50)}

    note = runs.held("a.zip", packed({"a": b""}), packed({"a": b"", **members})).note

    assert len(note) < 500
    assert note.endswith("47 more")


MLMODEL = """
artifact_path: model
flavors: {{python_function: {{loader_module: mlflow.sklearn, python_version: {python}}}}}
mlflow_version: 3.17.2
model_id: m-{id}
model_size_bytes: {size}
model_uuid: {id}
run_id: {id}
utc_time_created: '{time}'
"""


def mlmodel(id: str, python: str = "3.11.2") -> bytes:  # noqa: A002
    moment = datetime.now(UTC).isoformat()
    return MLMODEL.format(id=id, python=python, size=len(id), time=moment).encode()


def test_a_logged_model_may_say_which_run_made_it(runs: Runs) -> None:
    assert runs.held("model/MLmodel", mlmodel("a"), mlmodel("bc")).outcome is Outcome.SAME
    assert runs.held("model/MLmodel", mlmodel("a"), mlmodel("a", "3.12.0")).outcome is Outcome.DIFFERENT


def test_a_place_in_an_artifact_is_ignored_as_asked(runs: Runs) -> None:
    one, other = (as_json({"meta": {"created": moment}, "x": 1}) for moment in ("10:01", "10:02"))

    assert runs.held("out/a.json", one, other).outcome is Outcome.DIFFERENT
    assert runs.held("out/a.json", one, other, ignore=["out/a.json:meta.created"]).outcome is Outcome.IGNORED
    assert runs.held("out/a.json", one, other, ignore=["*:meta.*"]).outcome is Outcome.IGNORED


def test_our_own_documents_are_no_results(runs: Runs) -> None:
    """Those of a model that are called so are."""
    one, other = (runs(files={"runner/plan.json": text, "logs/stdout.txt": text}) for text in (b"1", b"2"))

    named_so = runs(models=[("net", {"logs/a": b"1"})])

    assert [found for found in compare(one, other) if found.kind == "artifact"] == []
    assert only("artifact", compare(named_so, named_so)).name == "models/net/logs/a"


def test_an_artifact_of_one_run_only_is_missing_or_added(runs: Runs) -> None:
    compared = compare(runs(files={"a": b"1", "both": b"1"}), runs(files={"b": b"1", "both": b"1"}))

    assert {found.name: found.outcome.value for found in compared if found.kind == "artifact"} == {
        "a": "missing",
        "b": "added",
        "both": "same",
    }


def test_models_that_lie_beside_a_run_are_compared_by_their_names(runs: Runs) -> None:
    def logged(id: str, weights: bytes) -> list[tuple[str, dict[str, bytes]]]:  # noqa: A002
        return [("net", {"MLmodel": mlmodel(id)}), ("net", {"w.csv": weights}), ("other", {"a": b"1"})]

    compared = compare(runs(models=logged("a", b"w\n1\n")), runs(models=logged("bc", b"w\n2\n")))

    assert {found.name: found.outcome.value for found in compared if found.kind == "artifact"} == {
        "models/net/MLmodel": "same",
        "models/net.2/w.csv": "different",
        "models/other/a": "same",
    }


def test_a_model_that_was_not_logged_again_is_missing(runs: Runs) -> None:
    one, other = runs(models=[("net", {"a": b"1"})]), runs()

    assert only("artifact", compare(one, other)).outcome is Outcome.MISSING


def test_models_of_which_nothing_is_known_then_tell_nothing_now(runs: Runs) -> None:
    bundled = replace(runs(), models=dict)

    found = only("artifact", compare(bundled, runs(models=[("net", {"a": b"1"})])))

    assert (found.outcome, found.note) == (Outcome.IGNORED, "no such model is known of the first run")


def test_a_drawing_of_an_estimator_is_no_result(runs: Runs) -> None:
    assert runs.held("estimator.html", b"<p>0.1 s</p>", b"<p>0.2 s</p>").outcome is Outcome.IGNORED
    assert runs.held("docs/estimator.html", b"<p>1</p>", b"<p>2</p>").outcome is Outcome.DIFFERENT


def recorded_digest(path: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{sha256(content).hexdigest()}"
    return {"artifacts": [{"path": path, "bytes": len(content), "digest": digest}]}


class Far:
    """Artifacts that are not to be fetched."""

    def __init__(self, near: Any) -> None:
        self.list = near.list


def test_equal_recorded_digests_spare_the_download(runs: Runs) -> None:
    run = runs(files={"a": b"1"}, record=recorded_digest("a", b"1"))
    far = replace(run, artifacts=Far(run.artifacts))  # type: ignore[arg-type]

    assert only("artifact", compare(far, far)).outcome is Outcome.SAME


@each("record", [{}, {"artifacts": 5}, {"artifacts": [5, {"path": "a"}]}, recorded_digest("a", b"other")])
def test_a_record_that_does_not_fit_is_not_believed(runs: Runs, record: dict[str, Any]) -> None:
    one = runs(files={"a": b"1"}, record=recorded_digest("a", b"1"))
    other = runs(files={"a": b"2"}, record=record)

    assert only("artifact", compare(one, other)).outcome is Outcome.DIFFERENT


@each("path", ["a.npy", "a.parquet", "a.png"])
def test_without_the_libraries_the_report_says_what_to_install(
    runs: Runs, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("arrays", "images", "parquet"):
        monkeypatch.delitem(sys.modules, f"runner.reproduction.comparing.{name}", raising=False)
    for name in ("numpy", "pyarrow", "PIL"):
        monkeypatch.setitem(sys.modules, name, None)

    found = runs.held(path, b"1", b"2")

    assert found.outcome is Outcome.DIFFERENT
    assert found.note == "digest differs; install runner[compare] to see by how much"


def test_every_format_has_its_case() -> None:
    untried = {".geojson", ".ipynb", ".pq", ".docx", ".xlsx", ".pptx", ".whl", ".joblib", ".cloudpickle"}
    tried = {Path(path).suffix for path, *_ in CASES} | {Path(path).suffix for path in BROKEN}

    assert {suffix for suffix in contents.SUFFIXES if suffix not in tried | untried} == {
        ".bmp", ".ckpt", ".jpeg", ".jpg", ".pickle", ".pth", ".tif", ".webp",
    }  # fmt: skip
