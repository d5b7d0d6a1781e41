"""Registered models over HTTP: rows, versions, what the files of a model say, aliases that are moved with a reason."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from runner.server.access.passwords import new_token
from runner.server.native.models import mlmodel, packaged
from runner.server.native.models.listing import about
from runner.server.native.models.signature import DEEPEST, MOST, signature
from runner.tracking import Store
from runner.tracking.access import Kind, Permission
from runner.tracking.artifacts import Artifacts
from runner.tracking.logged_models import ModelStatus
from runner.tracking.model import Dataset, DatasetInput, Metric, Run
from runner.tracking.registry import Stage
from tests.server.listening import call
from tests.server.native.test_run_calls import got
from tests.server.servers import RunningServer, running_server
from tests.server.ui.models import CLASSIFIER, NETWORK


@pytest.fixture
def run(store: Store) -> Run:
    """In an experiment of its own: the first one of a copied store has its artifacts elsewhere."""
    made = store.create_run(
        store.create_experiment("own").id,
        name="it",
        user="ann",
        tags={"mlflow.source.git.commit": "c" * 40, "runner.lock": "sha256:" + "5e" * 32},
    )
    store.log(made.id, metrics=[Metric("train/acc", 0.9, 1), Metric("val/acc", 0.8, 1)])
    store.log_inputs(made.id, datasets=[DatasetInput(_data(), {"mlflow.data.context": "train"})])
    return store.run(made.id)


def _data() -> Dataset:
    return Dataset(name="mnist", digest="abc", source_type="local", source="{}")


@pytest.fixture
def server(run: Run) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


def keep(uri: str, files: Mapping[str, str | bytes]) -> None:
    kept = Artifacts(uri)
    for path, content in files.items():
        kept.put_bytes(content.encode() if isinstance(content, str) else content, path)


def look(server: RunningServer, name: str, version: int = 1) -> Any:
    answer = got(server, f"/models/versions/look?{urlencode({'name': name, 'version': version})}")
    assert answer.status == 200, answer.body
    return answer.body


def from_run(store: Store, run: Run, files: Mapping[str, str | bytes], name: str = "digits") -> None:
    """A version whose files lie among the artifacts of its run."""
    keep(f"{run.artifact_uri}/classifier", files)
    store.registry.create(name)
    store.registry.create_version(name, f"runs:/{run.id}/classifier", run_id=run.id, description="*First*")


def test_a_version_tells_what_its_files_say(server: RunningServer, store: Store, run: Run) -> None:
    from_run(store, run, CLASSIFIER)

    told = look(server, "digits")

    signature = told["mlmodel"]["signature"]
    assert [(each["name"], each["type"], each.get("optional", False)) for each in signature["inputs"]] == [
        ("age", "long", False),
        ("height", "double", True),
        ("marks", "array of object", False),
    ]
    assert [each["name"] for each in signature["inputs"][2]["fields"]] == ["label", "weight"]
    assert signature["outputs"] == [{"name": "", "type": "int64", "shape": [-1]}]
    assert [(each["name"], each["default"]) for each in signature["params"]] == [
        ("threshold", 0.5),
        ("classes", ["a", "b"]),
    ]
    assert told["example"]["table"]["rows"] == [[1, 1.5, '[{"label":"x"}]'], [2, None, "[]"]]
    assert told["example"]["params"] == {"threshold": 0.5, "classes": ["a", "b"]}
    assert json.loads(told["example"]["serving"])["dataframe_split"]["columns"] == ["age", "height"]
    assert {each["name"]: each.get("version") for each in told["mlmodel"]["flavors"]} == {
        "python_function": None,
        "sklearn": "1.9.1",
    }
    assert told["requirements"] == ["mlflow==3.17.2", "scikit-learn==1.9.1"]
    assert (told["python"], told["licence"], told["run_path"]) == ("3.11.7", "apache-2.0", "classifier")
    assert told["card"][0] == ["h1", {}, ["Digits"]]
    assert {each["path"] for each in told["files"]} == set(CLASSIFIER)
    assert "unknown" not in told


def test_a_version_tells_where_it_comes_from(server: RunningServer, store: Store, run: Run) -> None:
    made = store.models.create(run.experiment_id, name="network", source_run_id=run.id, type="torch")
    keep(made.artifact_uri, NETWORK)
    store.models.set_status(made.id, ModelStatus.READY)
    measuring = store.create_run(run.experiment_id, name="measuring")
    store.log(measuring.id, metrics=[Metric("acc", 0.7, 1, model_id=made.id)])
    for name in ("network", "other"):
        store.registry.create(name)
        store.registry.create_version(name, f"models:/{made.id}")
    store.registry.set_alias("network", "champion", 1)

    told = look(server, "network")

    assert (told["run"]["name"], told["run"]["commit"], told["run"]["who"]) == ("it", "c" * 40, "ann")
    assert told["run"]["data"] == [{"name": "mnist", "digest": "abc", "source": "local", "context": "train"}]
    assert told["run"]["lock"].startswith("sha256:5e")
    assert told["logged"]["registered"] == [{"name": "other", "version": 1}]
    assert told["logged"]["measured"] == [{"id": measuring.id, "name": "measuring"}]
    assert (told["aliases"], "run_path" in told) == (["champion"], False)
    assert told["requirements"] == ["torch==2.9.0"]
    assert told["mlmodel"]["signature"]["inputs"] == [{"name": "", "type": "float32", "shape": [-1, 28, 28]}]
    file = "data/pickle_module_info.txt"
    kept = f"/model-versions/get-artifact?{urlencode({'name': 'network', 'version': 1, 'path': file})}"
    assert file in {each["path"] for each in told["files"]}
    assert call_raw(server, kept) == NETWORK[file].encode()


def call_raw(server: RunningServer, path: str) -> bytes:
    with urlopen(server.uri + path) as answer:
        content: bytes = answer.read()
    return content


def test_what_is_not_known_is_said_in_sentences(server: RunningServer, store: Store, run: Run) -> None:
    gone = store.models.create(run.experiment_id, name="gone", source_run_id=run.id)
    store.registry.create("odd")
    store.registry.create_version("odd", "s3://elsewhere/model")
    store.registry.create_version("odd", f"{run.artifact_uri}/nothing", run_id="f" * 32)
    store.registry.create_version("odd", f"models:/{gone.id}")
    store.models.delete(gone.id)
    keep(f"{run.artifact_uri}/plain", {"weights.bin": "1"})
    store.registry.create_version("odd", f"{run.artifact_uri}/plain", run_id=run.id)

    said = [" ".join(look(server, "odd", version).get("unknown", [])) for version in (1, 2, 3, 4)]

    assert "Nobody said which run made it" in said[0]
    assert "s3://elsewhere/model, not with this server" in said[0]
    assert "run that made it is not there any more" in said[1]
    assert "There are no files" in said[1]
    assert "logged model is not there any more" in said[2]
    assert "no MLmodel" in said[3]
    assert got(server, "/models/versions/look?name=odd&version=9").status == 404


def test_who_may_read_a_model_and_not_its_run_sees_neither_run_nor_files(store: Store, run: Run) -> None:
    from_run(store, run, CLASSIFIER)
    made = store.models.create(run.experiment_id, name="network", source_run_id=run.id)
    store.registry.create_version("digits", f"models:/{made.id}")
    store.users.add("ann", password_hash=None)
    token = new_token()
    store.users.add_token("ann", "test", digest=token.digest, ending=token.ending, expires=None)
    ann = f"Bearer {token.text}"

    with running_server("--auth", "--default-permission", "NONE") as server:
        ask = [f"/models/versions/look?name=digits&version={number}" for number in (1, 2)]
        assert [got(server, each, Authorization=ann).status for each in ask] == [404, 404]
        store.users.grant("ann", Kind.MODEL, "digits", Permission.READ)
        told = [got(server, each, Authorization=ann).body for each in ask]
        rows = got(server, "/models/look?name=digits", Authorization=ann).body
        move = {"name": "digits", "alias": "champion", "version": 1, "why": "I like it"}
        refused = call(server.uri, "POST", "/models/aliases", move, token=token.text)[0]

    for each in told:
        assert not {"run", "logged", "mlmodel", "files", "card", "requirements"} & set(each)
        assert "you may not read it" in each["unknown"][0]
    assert ["run" in each for each in rows["versions"]] == [False, False]
    assert "metrics" not in rows
    assert refused == 403


HOSTILE = {
    "a bomb": b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*" + bytes([c - 1])] * 10)) for c in range(98, 108))
    + b"flavors: *k\n",
    "a tag": b"flavors: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
    "no mapping": b"- 1\n- 2\n",
    "deep": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe\x00flavors: {}",
    "other types": b"flavors: [1]\nsignature: 3\nsaved_input_example_info: [x]\nmodel_size_bytes: -1\nmetadata: .nan\n",
}


def test_a_hostile_mlmodel_ends_in_a_page(server: RunningServer, store: Store, run: Run) -> None:
    for kind, content in HOSTILE.items():
        from_run(store, run, {"MLmodel": content, "requirements.txt": "numpy\n"}, kind)
        begun = time.monotonic()

        told = look(server, kind)

        assert time.monotonic() - begun < 10, kind
        assert told["requirements"] == ["numpy"]
        refused = any("MLmodel tells nothing" in each for each in told.get("unknown", []))
        assert ("mlmodel" in told) != refused, kind


def test_an_example_of_another_place_is_not_read(server: RunningServer, store: Store, run: Run) -> None:
    keep(run.artifact_uri, {"secret.json": '{"a": "secret"}'})
    away = CLASSIFIER["MLmodel"].replace("artifact_path: input_example.json", "artifact_path: ../secret.json")
    from_run(store, run, {"MLmodel": away})

    told = look(server, "digits")

    assert "not among the files" in told["example"]["trouble"]
    assert "secret" not in json.dumps(told["example"].get("value"))


def test_signatures_are_bounded_and_their_faults_are_told() -> None:
    many = json.dumps([{"name": f"x{number}", "type": "long"} for number in range(MOST + 5)])
    nested: Any = {"type": "string"}
    for _ in range(DEEPEST + 5):
        nested = {"type": "array", "items": nested}

    wide = signature({"inputs": many})
    deep = signature({"inputs": json.dumps([{"name": "x", **nested}])})
    wrong = signature({"inputs": "[", "outputs": '[{"type": "long"}]', "params": "{}"})

    assert wide
    assert deep
    assert wrong
    assert (len(wide.inputs), wide.more) == (MOST, True)
    assert "deeper than is shown" in deep.inputs[0].type
    assert (wrong.outputs[0].type, bool(wrong.trouble), wrong.inputs) == ("long", True, [])
    assert signature(None) is None


def test_what_we_read_of_a_signature_is_what_mlflow_reads() -> None:
    """`CLASSIFIER` was written by MLflow, and changed by hand."""
    mlflow = pytest.importorskip("mlflow.models")
    theirs = mlflow.Model.from_dict(dict(mlmodel.parsed(CLASSIFIER["MLmodel"].encode()))).signature
    ours = mlmodel.told(mlmodel.parsed(CLASSIFIER["MLmodel"].encode())).signature

    assert ours is not None
    assert [each.name for each in ours.inputs] == theirs.inputs.input_names()
    assert [not each.optional for each in ours.inputs] == [each.required for each in theirs.inputs.inputs]
    assert [each.default for each in ours.params] == [each.default for each in theirs.params.params]
    assert tuple(ours.outputs[0].shape or ()) == theirs.outputs.inputs[0].shape


def test_examples_of_all_kinds_are_shown() -> None:
    matrix = packaged.example("x", b"[[1.0, 2.0], [3.0, 4.0]]")
    chat = packaged.example("x", b'{"messages": [{"role": "user"}]}')
    long = packaged.example("x", json.dumps({"inputs": list(range(100_000))}).encode())
    broken = packaged.example("x", b"{")

    assert matrix.table
    assert matrix.table.rows == [[1.0, 2.0], [3.0, 4.0]]
    assert chat.value == {"messages": [{"role": "user"}]}
    assert "more" in long.value["inputs"][-1]
    assert broken.trouble


def test_models_are_sorted_searched_and_paged(server: RunningServer, store: Store, run: Run) -> None:
    for name in ("b", "a", "c"):
        store.registry.create(name, description=f"# Model **{name}**\n\nmore")
    store.registry.create_version("c", "s3://x/y", run_id=run.id, user="ann")
    store.registry.move_version("c", 1, Stage.PRODUCTION)
    store.registry.set_alias("c", "champion", 1)

    first = got(server, "/models?sort=name&limit=2").body
    second = got(server, f"/models?sort=name&limit=2&after={first['next']}").body
    found = got(server, "/models?q=C").body

    assert [each["name"] for each in first["models"]] == ["a", "b"]
    [last] = second["models"]
    assert "next" not in second
    assert (last["about"], last["decides"]) == ("Model c", "val/acc")
    assert last["newest"]["metrics"] == {"val/acc": 0.8}
    assert last["newest"]["run"] == {"id": run.id, "name": "it"}
    assert (last["aliases"], last["stages"]) == ([{"alias": "champion", "version": 1}], {"Production": 1})
    assert [each["name"] for each in found["models"]] == ["c"]
    store.registry.tag("c", {"runner.decides": "train/acc"})
    [decided] = got(server, "/models?q=c").body["models"]
    assert decided["newest"]["metrics"] == {"train/acc": 0.9}


def test_a_model_of_any_name_has_its_own_versions(server: RunningServer, store: Store) -> None:
    names = ["it's", "it-s", "my_model", "my-model", 'a"b', "x y"]
    for name in names:
        store.registry.create(name)
        store.registry.create_version(name, "s3://x/y")

    told = {name: got(server, f"/models/look?{urlencode({'name': name})}").body for name in names}

    assert [[each["version"] for each in told[name]["versions"]] for name in names] == [[1]] * len(names)


def test_a_moved_alias_is_kept_with_its_reason_and_can_be_moved_back(
    server: RunningServer, store: Store
) -> None:
    store.registry.create("digits")
    for _ in range(2):
        store.registry.create_version("digits", "s3://x/y")
    store.registry.set_alias("digits", "champion", 1)

    def move(**asked: Any) -> tuple[int, Any]:
        return call(server.uri, "POST", "/models/aliases", {"name": "digits", "alias": "champion", **asked})

    status, moved = move(version=2, before=1, why="it is better")
    late, refusal = move(version=2, before=1, why="so do I think")
    no_reason = move(version=1, before=2, why="")[0]
    back = move(version=1, before=2, why="it is not")[0]
    away = move(before=1, why="nobody needs it")[0]

    assert (status, moved["from"], moved["to"], moved["why"]) == (200, 1, 2, "it is better")
    assert (late, no_reason, back, away) == (400, 400, 200, 200)
    assert "is at version 2 by now" in refusal["message"]
    told = got(server, "/models/look?name=digits").body
    assert [(each.get("from"), each.get("to")) for each in told["moves"]] == [(1, None), (2, 1), (1, 2)]
    assert "tags" not in told
    assert store.registry.get("digits").aliases == {}


def test_what_somebody_wrote_into_the_history_of_moves_harms_nobody(
    server: RunningServer, store: Store
) -> None:
    store.registry.create("digits", tags={"runner.alias.moves": '[3, {"alias": "x", "to": "2"}, {"to": 1}]'})

    told = got(server, "/models/look?name=digits").body

    assert told["moves"] == [{"alias": "x", "to": 2}]


def test_the_first_line_of_a_description_is_told_without_its_signs() -> None:
    assert about("# Reads **digits**\n\nof [one](x) hand") == "Reads digits"
    assert about("") == ""
    assert about("<b>x</b> `y`") == "<b>x</b> y"
