"""The calls about one run, over HTTP: what it is, its packages, its files looked at and boxed."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.server.access.passwords import new_token
from runner.server.errors import Malformed
from runner.server.native.looking import columnar, look, tables
from runner.server.native.looking.shapes import Table, ViewFile
from runner.server.native.marked import marked
from runner.server.native.models.listing import about
from runner.server.native.output.files import files_of
from runner.server.places import Places
from runner.tracking import Store
from runner.tracking.artifacts import Artifacts
from runner.tracking.model import Metric, Run, RunStatus
from tests.server.conftest import Answer
from tests.server.listening import API, connected
from tests.server.servers import RunningServer, running_server

PYLOCK = """lock-version = "1.0"
created-by = "test"
[[packages]]
name = "torch"
version = "2.9.0"
dependencies = [{ name = "numpy" }]
[[packages.wheels]]
url = "https://example.org/torch-2.9.0-py3-none-any.whl"
hashes = { sha256 = "aa" }
[[packages]]
name = "numpy"
version = "2.1.0"
"""
HTML = b"<script>fetch('/api/runner/1/')</script>"


BOXED = {
    "page.html": "inline",
    "drawing.svg": "inline",
    "paper.pdf": "inline",
    "sheet.xml": "attachment",
    "data.bin": "attachment",
    'names/"><script>alert(1)<x>.html': "inline",
}


@pytest.fixture
def run(store: Store) -> Run:
    """In an experiment of its own: the first one of a copied store has its artifacts elsewhere."""
    return store.create_run(store.create_experiment("own").id, name="it", params={"lr": "0.1"})


@pytest.fixture
def server(run: Run) -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def kept(store: Store, run: Run) -> Artifacts:
    return Artifacts(store.run(run.id).artifact_uri)


def got(server: RunningServer, path: str, method: str = "GET", **headers: str) -> Answer:
    with closing(connected(server.uri)) as connection:
        connection.request(method, f"{API}{path}", headers={"Accept-Encoding": "identity", **headers})
        response = connection.getresponse()
        content = response.read()
        told = {name.lower(): value for name, value in response.getheaders()}
        is_json = told.get("content-type") == "application/json" and "content-disposition" not in told
        return Answer(response.status, told, json.loads(content) if is_json and content else content)


def seen(server: RunningServer, run: Run, path: str, query: str = "") -> Any:
    answer = got(server, f"/runs/{run.id}/view/{quote(path)}{query}")
    assert answer.status == 200, answer.body
    return answer.body


def test_a_run_is_told_with_the_runs_around_it(server: RunningServer, store: Store, run: Run) -> None:
    child = store.create_run("0", name="child", tags={"mlflow.parentRunId": run.id})
    again = store.create_run("0", tags={"runner.reproduces": run.id, "runner.verdict": "identical"})
    store.log(run.id, metrics=[Metric("loss", float("nan"), 1)])

    told = got(server, f"/runs/{run.id}/overview").body

    assert told["params"] == {"lr": "0.1"}
    assert told["metrics"] == [{"key": "loss", "value": "NaN", "step": 0, "time": 1}]
    assert [each["id"] for each in told["children"]] == [child.id]
    assert [(each["id"], each["verdict"]) for each in told["reproductions"]] == [(again.id, "identical")]
    assert got(server, f"/runs/{child.id}/overview").body["parent"]["id"] == run.id


def test_a_run_may_be_called_by_its_name_or_the_beginning_of_its_id(
    server: RunningServer, store: Store, run: Run
) -> None:
    named = store.create_run("0", name="it's 100 %")

    assert got(server, f"/runs/{run.id[:8]}/overview").body["id"] == run.id
    assert got(server, f"/runs/{run.name}/overview").body["id"] == run.id
    assert got(server, f"/runs/{named.id}/overview").body["name"] == named.name
    assert got(server, f"/runs/{quote(named.name)}/overview").status == 404


def test_a_failed_run_says_its_last_error(
    server: RunningServer, store: Store, run: Run, kept: Artifacts
) -> None:
    kept.put_bytes(b"Traceback ...\n\x1b[31mValueError: no digit\x1b[0m\n\n", "logs/stderr.txt")
    store.update_run(run.id, status=RunStatus.FAILED, ended=5)

    assert got(server, f"/runs/{run.id}/overview").body["last_error"] == "ValueError: no digit"


def test_documents_that_somebody_has_written_over_do_no_harm(
    server: RunningServer, run: Run, kept: Artifacts
) -> None:
    for document in (
        b"no json",
        b"[1]",
        b'{"source": "none", "environment": [1], "artifacts": 3}',
        b"[" * 9999,
    ):
        for name in ("plan", "record"):
            kept.put_bytes(document, f"runner/{name}.json")

        for call in ("overview", "environment", "artifacts"):
            assert got(server, f"/runs/{run.id}/{call}").status == 200


def test_packages_say_through_which_others_they_came(
    server: RunningServer, run: Run, kept: Artifacts
) -> None:
    plan = {"schema": 1, "environment": {"kind": "virtualenv", "lock": {"kind": "pylock"}}}
    kept.put_bytes(json.dumps(plan).encode(), "runner/plan.json")
    kept.put_bytes(PYLOCK.encode(), "runner/pylock.toml")

    told = got(server, f"/runs/{run.id}/environment").body

    numpy, torch = told["packages"]
    assert (numpy["name"], numpy["required_by"]) == ("numpy", ["torch"])
    assert (torch["version"], torch["asked"], torch["hashes"]) == ("2.9.0", True, ["sha256:aa"])


def test_a_directory_is_listed_with_the_digests_of_the_record(
    server: RunningServer, run: Run, kept: Artifacts
) -> None:
    digest = kept.put_bytes(b"1", "data/a b.txt")
    record = {"artifacts": [{"path": "data/a b.txt", "bytes": 1, "digest": digest}, {"path": 3}, None]}
    kept.put_bytes(json.dumps(record).encode(), "runner/record.json")

    (file,) = got(server, f"/runs/{run.id}/artifacts?path=data").body["entries"]

    assert file == {"name": "a b.txt", "path": "data/a b.txt", "size": 1, "digest": digest}


def test_a_file_comes_in_its_box_whatever_it_is_and_is_called(
    server: RunningServer, run: Run, kept: Artifacts
) -> None:
    own = f"{server.uri}/api/runner/1/runs/{run.id}/artifacts/"
    for name, how in BOXED.items():
        place = Path(str(kept.directory)) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(HTML)

        answer = got(server, f"/runs/{run.id}/artifacts/{quote(name)}")

        policy, named = answer.headers["content-security-policy"], answer.headers["content-disposition"]
        assert answer.body == HTML
        assert policy.startswith("sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; ")
        assert f"script-src {own} " in policy
        assert "allow-same-origin" not in policy
        assert "'self'" not in policy.replace("frame-ancestors 'self'", "")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert named.startswith(f'{how}; filename="')
        assert "<" not in named


def test_parts_of_a_file_can_be_had(server: RunningServer, run: Run, kept: Artifacts) -> None:
    kept.put_bytes(b"0123456789", "film.mp4")
    path = f"/runs/{run.id}/artifacts/film.mp4"

    part = got(server, path, Range="bytes=2-4")
    head = got(server, path, "HEAD")

    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert (head.status, head.headers["content-length"], head.body) == (200, "10", b"")


@pytest.mark.parametrize("call", ["artifacts", "view"])
def test_nothing_outside_of_the_artifacts_can_be_had(
    server: RunningServer, run: Run, kept: Artifacts, tmp_path: Path, call: str
) -> None:
    (tmp_path / "secret.csv").write_text("secret")
    kept.put_bytes(b"", "here.txt")
    (Path(str(kept.directory)) / "link.csv").symlink_to(tmp_path / "secret.csv")

    for path in ("../" * 9 + "etc/passwd", "%2e%2e/x", "a%00b", "link.csv", "%2Fetc/passwd", "..%5Cx"):
        answer = got(server, f"/runs/{run.id}/{call}/{path}")
        assert answer.status in {400, 404}, path
        assert b"secret" not in json.dumps(answer.body).replace("secret.csv", "").encode()


def test_tables_are_sorted_by_numbers_with_what_is_missing_last(
    server: RunningServer, run: Run, kept: Artifacts
) -> None:
    kept.put_bytes(b"name,n\na,10\nb,9\nc,\n=cmd|'/c',-1e3\n", "t.csv")
    kept.put_bytes(b'{"n": 10}\n{"n": 9007199254740993}\n{"m": [1]}\nno json\n', "t.jsonl")

    up = seen(server, run, "t.csv", "?sort=n")["table"]
    down = seen(server, run, "t.csv", "?sort=-n&limit=2&offset=1")["table"]
    objects = seen(server, run, "t.jsonl")["table"]

    assert [row[0] for row in up["rows"]] == ["=cmd|'/c'", "b", "a", "c"]
    assert ([row[0] for row in down["rows"]], down["total"]) == (["b", "=cmd|'/c'"], 4)
    assert objects["rows"][1][0] == "9007199254740993"
    assert [each["name"] for each in objects["columns"]] == ["n", "m", "value"]


def test_of_a_long_table_only_the_beginning_is_read(server: RunningServer, run: Run, kept: Artifacts) -> None:
    row = (
        b"%d,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        % 7
    )
    kept.put_bytes(b"n,text\n" + row * (tables.LARGEST // len(row) + 1000), "t.csv")

    found = seen(server, run, "t.csv", "?limit=1")["table"]

    assert found["partial"]
    assert found["total"] < tables.LARGEST // len(row) + 2


def _tensors(shape: list[int]) -> bytes:
    head = json.dumps({"w": {"dtype": "F32", "shape": shape}}).encode()
    return len(head).to_bytes(8, "little") + head


HOSTILE = {
    "bomb.yaml": b"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    b"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
    "merges.yaml": b"a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b]}\n",
    "typed.yaml": b"a: &a {x: 1}\nb: {!!merge z: [*a, *a]}\n",
    "sixtieths.yaml": b"a: 1" + b":1" * 2000,
    "half.json": b'["\\ud800"]',
    "huge.safetensors": _tensors([2**60] * 9),
    "deep.safetensors": _tensors([1] * 100_000),
    "program.yaml": b"!!python/object/apply:os.system ['true']\n",
    "deep.json": b"[" * 100_000,
    "none.toml": b"= 3",
    "none.ipynb": b'{"cells": [3]}',
    "none.parquet": b"PAR1 and nothing else PAR1",
    "none.arrow": b"ARROW1",
    "none.npz": b"PK no zip",
    "short.npy": b"\x93NUMPY\x01\x00\x46\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000,), }".ljust(69)
    + b"\n",
}


def test_output_in_a_strangers_object_store_is_not_read_by_us(store: Store, tmp_path: Path) -> None:
    elsewhere = store.create_experiment("elsewhere", artifact_location="s3://bucket/x")
    run = store.create_run(elsewhere.id)

    with ExitStack() as stack, pytest.raises(Malformed, match="not with this server"):
        files_of(stack, tmp_path, Places(root="s3://bucket/ours", proxied=True), run, ended=True)


def test_what_is_no_such_file_says_so(server: RunningServer, run: Run, kept: Artifacts) -> None:
    for name, content in HOSTILE.items():
        kept.put_bytes(content, name)

        answer = got(server, f"/runs/{run.id}/view/{name}")

        if name == "half.json":
            assert (answer.status, "no text" in answer.body["message"]) == (400, True)
        else:
            assert (answer.body["kind"], bool(answer.body["missing"])) == ("bytes", True), name


def test_yaml_may_name_what_stands_elsewhere() -> None:
    assert look(BytesIO(b"a: &a {x: 1}\nb: *a\n"), "a.yaml", ViewFile()).value == {
        "a": {"x": 1},
        "b": {"x": 1},
    }
    assert look(BytesIO(b"c: {<<: {y: 2}}\n"), "a.yaml", ViewFile()).value == {"c": {"y": 2}}


def test_of_tables_by_columns_that_become_large_nothing_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packed, parquet, empty = BytesIO(), BytesIO(), BytesIO()
    texts, nothing = pa.table({"s": ["x" * 3_000_000]}), pa.table({"n": pa.nulls(400_000)})
    pq.write_table(pa.table({"n": pa.array([0] * 300_000, pa.int8())}), parquet)
    with pa.ipc.new_file(packed, texts.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(texts)
    with pa.ipc.new_stream(empty, nothing.schema) as writer:
        writer.write_table(nothing)
    monkeypatch.setattr(columnar, "LARGEST", 2_000_000)

    for name, file in (("t.arrow", packed), ("t.feather", empty), ("t.parquet", parquet)):
        assert len(file.getvalue()) < 10_000
        for asked in (ViewFile(), ViewFile(statistics=True), ViewFile(sort="n"), ViewFile(filter="x")):
            file.seek(0)
            assert "too large" in look(file, name, asked).missing, name


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "t.feather"])
def test_tables_by_columns_are_shown_sorted_filtered_and_counted(name: str) -> None:
    file, whole = BytesIO(), pa.table({"n": [3, 1, 2] * 10, "s": ["x", "Yy", None] * 10})
    if name == "t.parquet":
        pq.write_table(whole, file, row_group_size=7)
    else:
        new = pa.ipc.new_file if name == "t.arrow" else pa.ipc.new_stream
        with new(file, whole.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(whole, max_chunksize=7)

    def table(**asked: Any) -> Table:
        file.seek(0)
        found = look(file, name, ViewFile(**asked))
        assert found.table, found.missing
        return found.table

    page, down, some = table(offset=8, limit=2), table(sort="-n", limit=1), table(filter="y", limit=1)
    counted = table(filter="y", statistics=True)
    assert (page.rows, page.total) == ([[2, None], [3, "x"]], 30)
    assert (down.rows, some.rows, some.total) == ([[3, "x"]], [[1, "Yy"]], 10)
    assert [(each.name, each.count, each.distinct) for each in counted.statistics] == [
        ("n", 10, 1),
        ("s", 10, 1),
    ]


def test_pickled_arrays_are_not_loaded(server: RunningServer, run: Run, kept: Artifacts) -> None:
    file, archive = BytesIO(), BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("objects.npy", file.getvalue())
    kept.put_bytes(archive.getvalue(), "objects.npz")

    (array,) = seen(server, run, "objects.npz")["arrays"]

    assert (array["dtype"], array["shape"]) == ("object", [1])
    assert "values" not in array


def test_markdown_is_a_tree_without_html_and_without_links_that_do_something() -> None:
    text = "# <img src=x onerror=alert(1)>\n[a](javascript:alert(1)) [b](data:text/html,x) [c](https://x.org)\n![d](https://x.org/p.png)\n"

    tree = json.dumps(marked(text))

    assert '"href": "https://x.org"' in tree
    assert '["img"' not in tree
    assert '"href": "javascript' not in tree
    assert '"href": "data' not in tree


def test_a_table_of_markdown_is_not_filled_up_without_end() -> None:
    bomb = "|a" * 200 + "\n" + "|-" * 200 + "\n" + "|\n" * 95

    assert len(json.dumps(marked(bomb))) < 2 * len(bomb)
    assert marked("| a | b |\n|---|---|\n| 1 |\n")[0][0] == "table"
    assert about(bomb).startswith("|a|a")


def test_who_may_not_read_a_run_sees_nothing_of_it(run: Run, store: Store, kept: Artifacts) -> None:
    kept.put_bytes(HTML, "page.html")
    store.users.add("ann", password_hash=None)
    token = new_token()
    store.users.add_token("ann", "test", digest=token.digest, ending=token.ending, expires=None)
    ann = f"Bearer {token.text}"

    with running_server("--auth", "--default-permission", "NONE") as server:
        for call in ("overview", "environment", "artifacts", "artifacts/page.html", "view/page.html"):
            assert got(server, f"/runs/{run.id}/{call}").status == 401
            assert got(server, f"/runs/{run.id}/{call}", Authorization=ann).status == 404
        assert got(server, f"/runs/{run.name}/overview", Authorization=ann).status == 404
