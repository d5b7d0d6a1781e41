"""Ana runs, Bob reproduces: two machines that share a Git server, and a tracking server or a bundle."""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.conftest import Cli
from tests.environments.wheels import Dated, Index
from tests.reproduction.people import Office, Person, git, write
from tests.server.servers import running_server
from tests.services.channel import PYTHON, Channel
from tests.services.docker import IMAGE, Daemon
from tests.services.registry import Registry
from tests.sources.servers import git_daemon

Publish: TypeAlias = Callable[..., str]

TRAIN = """
    import json, sys, pathlib
    sys.path[:0] = ["lib"]
    pieces = [path.read_text() for path in sorted(pathlib.Path().glob("**/*.txt"))]
    json.dump({"length": len("".join(pieces)) * float(sys.argv[1])}, open("metrics.json", "w"))
    pathlib.Path("model.bin").write_text("".join(pieces))
"""
PROJECT = f"""
    name: demo
    metrics: metrics.json
    outputs: model.bin
    entry_points:
      main:
        parameters: {{alpha: {{type: float, default: 0.5}}}}
        command: "{sys.executable} train.py {{alpha}}"
"""
FILES = {
    "MLproject": PROJECT,
    "train.py": TRAIN,
    "data/one.txt": "one\n",
    ".gitignore": "model.bin\nmetrics.json\n",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Servers on which Ana's commits and runs are seen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNNER_", "MLFLOW_"))}
    kept["RUNNER_HOME"] = str(tmp_path_factory.mktemp("team"))
    repositories = tmp_path_factory.mktemp("git")
    with git_daemon(repositories) as git_url, running_server(environ=kept) as tracking:
        yield Office(repositories, git_url, tracking.uri)


@pytest.fixture
def ana(tmp_path: Path, cli: Cli, office: Office) -> Person:
    return Person(tmp_path / "ana", cli, {"RUNNER_TRACKING_URI": office.tracking})


@pytest.fixture
def bob(tmp_path: Path, cli: Cli) -> Person:
    return Person(tmp_path / "bob", cli)


@pytest.fixture
def publish(office: Office, tmp_path: Path) -> Publish:
    """Make a repository of files; its name is that of the test unless it is given."""

    def published(files: Mapping[str, str], name: str = "") -> str:
        return office.publish(f"{tmp_path.name}{name}", files, scratch=tmp_path / "scratch")

    return published


def states(found: Any, what: str) -> list[str]:
    return [check["state"] for check in found["checks"] if check["what"] == what]


def test_a_clean_commit(office: Office, ana: Person, bob: Person, publish: Publish) -> None:
    ana("run", publish(FILES), "-P", "alpha=0.25")
    run = ana.newest()

    with ana.out_of_reach():
        found = bob.reproduce(office.page(run))

    assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]
    assert {one["name"] for one in found["results"]} >= {"alpha", "length", "model.bin"}
    assert {one["outcome"] for one in found["results"]} == {"same"}
    mine = bob.newest()
    assert mine["tags"]["runner.reproduces"] == run["run_id"]
    assert mine["tags"]["runner.verdict"] == "identical"
    told = json.loads(ana.newest()["tags"]["runner.reproduced"])
    assert told == {"verdict": "identical", "run": mine["run_id"]}


def test_a_reproduction_on_the_server_itself(office: Office, ana: Person, publish: Publish) -> None:
    ana("run", publish(FILES))
    run = ana.newest()

    found = ana.reproduce(run["run_id"])

    assert found["verdict"] == "identical", found["err"]
    (new,) = found["runs"]
    assert ana.newest()["run_id"] == new["run_id"]
    assert ana.newest()["tags"]["runner.verdict"] == "identical"


def test_a_dirty_tree_with_an_untracked_file_and_a_submodule(
    office: Office, ana: Person, bob: Person, publish: Publish, tmp_path: Path
) -> None:
    work = ana.place / "work"
    git(tmp_path, "clone", "-q", publish(FILES), work)
    git(work, "submodule", "--quiet", "add", publish({"part.txt": "part\n"}, "-part"), "lib")
    git(work, "commit", "-qm", "a submodule")
    git(work, "push", "-q", office.bare(tmp_path.name), "main")
    write(work, {"data/one.txt": "another\n", "data/new.txt": "untracked\n", "lib/part.txt": "changed\n"})
    ana("run", work)
    run = ana.newest()

    with ana.out_of_reach():
        found = bob.reproduce(office.page(run))

    assert found["verdict"] == "identical", found["err"]
    assert run["tags"]["runner.dirty"] == "true"
    assert next(one for one in found["results"] if one["name"] == "length")["before"] == "13.0"


def test_a_commit_that_was_never_pushed(
    office: Office, ana: Person, bob: Person, publish: Publish, tmp_path: Path
) -> None:
    work = ana.place / "work"
    git(tmp_path, "clone", "-q", publish(FILES), work)
    write(work, {"data/two.txt": "two\n"})
    git(work, "add", "-A")
    git(work, "commit", "-qm", "not pushed")
    ana("run", work)
    run = ana.newest()

    with ana.out_of_reach():
        found = bob.reproduce(office.page(run))

    assert found["verdict"] == "identical", found["err"]
    assert run["tags"]["mlflow.source.git.commit"] == git(work, "rev-parse", "HEAD")


def test_a_bundle_of_a_commit_that_nobody_else_has(
    office: Office, ana: Person, bob: Person, publish: Publish, tmp_path: Path
) -> None:
    work = ana.place / "work"
    git(tmp_path, "clone", "-q", publish(FILES), work)
    write(work, {"data/two.txt": "two\n"})
    git(work, "add", "-A")
    git(work, "commit", "-qm", "not pushed")
    write(work, {"data/three.txt": "not even committed\n"})
    ana("run", work)
    bundle = tmp_path / "handed-over.zip"
    exported = ana("export", ana.newest()["run_id"], bundle)
    assert exported.code == 0, exported.err

    with ana.out_of_reach():
        found = bob.reproduce(str(bundle))

    assert (found["verdict"], found["code"]) == ("identical", 0), found["err"]
    assert bob.newest()["tags"]["runner.reproduces"] == found["original"]["run_id"]


def test_a_difference_can_be_looked_into_from_the_second_machine(
    office: Office, ana: Person, bob: Person, publish: Publish
) -> None:
    files = {
        "MLproject": 'metrics: m.json\nentry_points: {main: {command: \'echo "{\\"home\\": ${#HOME}}" > m.json\'}}'
    }
    ana("run", publish(files))
    run = ana.newest()
    bob.place = bob.place / "somewhere" / "else"

    outcome = bob("reproduce", office.page(run))

    assert outcome.code == 1, outcome.out + outcome.err
    assert outcome.out.splitlines()[1].startswith(f"metric home\t{len(str(ana.place))}.0\t")
    assert f"runner reproduce '{office.page(run)}' --repeat 5" in outcome.err


def test_a_commit_that_is_gone_is_named(
    office: Office, ana: Person, bob: Person, publish: Publish, tmp_path: Path
) -> None:
    repository = publish(FILES)
    ana("run", repository)
    run = ana.newest()
    office.bare(tmp_path.name).rename(office.bare("moved"))

    with ana.out_of_reach():
        found = bob.reproduce(office.page(run))
        text = bob("reproduce", office.page(run))

    assert (found["verdict"], found["code"]) == ("impossible", 2)
    assert states(found, "code") == ["missing"]
    assert found["runs"] == []
    assert text.code == 2
    assert text.out.startswith("impossible: code: ")
    assert repository in text.out
    assert "Traceback" not in text.err
    assert json.loads(bob("runs", "list", "--json").out) == []


class TestUnlockedRequirements:
    """An index to which newer releases come between the two runs."""

    @pytest.fixture
    def index(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
        directory = tmp_path / "wheels"
        directory.mkdir()
        index = Index(directory)
        index.add("alpha", requires=["beta"])
        index.add("beta")
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Dated, directory=str(directory))) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            monkeypatch.setenv("UV_INDEX_URL", f"http://127.0.0.1:{server.server_address[1]}/simple")
            yield index
            server.shutdown()

    @pytest.fixture
    def repository(self, publish: Publish) -> str:
        files = {
            "MLproject": """
                python_env: python_env.yaml
                metrics: metrics.json
                entry_points: {main: {command: python train.py}}
            """,
            "python_env.yaml": "dependencies: [alpha]",
            "train.py": """
                import json, beta
                json.dump({"version": float(beta.version)}, open("metrics.json", "w"))
            """,
        }
        return publish(files)

    def test_the_old_versions_are_installed(
        self, office: Office, ana: Person, bob: Person, repository: str, index: Index
    ) -> None:
        ana("run", repository)
        run = ana.newest()
        index.add("alpha", "2.0", requires=["beta"])
        index.add("beta", "2.0")

        bob("run", repository)
        today = bob.newest()["metrics"]["version"]["value"]
        with ana.out_of_reach():
            found = bob.reproduce(office.page(run))

        assert today == 2.0
        assert found["verdict"] == "identical", found["err"]
        assert bob.newest()["metrics"]["version"]["value"] == 1.0
        assert states(found, "packages") == ["ok"]

    def test_a_package_that_is_gone_is_named_before_anything_runs(
        self, office: Office, ana: Person, bob: Person, repository: str, index: Index
    ) -> None:
        ana("run", repository)
        run = ana.newest()
        (index.path / "beta-1.0-py3-none-any.whl").unlink()

        with ana.out_of_reach():
            found = bob.reproduce(office.page(run))

        assert (found["verdict"], found["code"]) == ("impossible", 2)
        (said,) = (check["said"] for check in found["checks"] if check["what"] == "packages")
        assert said.startswith("beta 1.0 ")
        assert "alpha" not in said

    def test_a_package_that_was_replaced_is_not_installed(
        self, office: Office, ana: Person, bob: Person, repository: str, index: Index
    ) -> None:
        ana("run", repository)
        run = ana.newest()
        index.add("beta", files={"more.py": b"evil = True"})

        with ana.out_of_reach():
            found = bob.reproduce(office.page(run))

        assert (found["verdict"], found["code"]) == ("impossible", 2)
        assert "hash" in found["trouble"]["detail"].lower()


@pytest.fixture
def channel(conda_channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", conda_channel.address)
    return conda_channel


@pytest.fixture
def containers(engine: Daemon, image_registry: Registry) -> tuple[Daemon, Registry]:
    return engine, image_registry


@pytest.mark.slow
def test_a_conda_environment(
    office: Office,
    ana: Person,
    bob: Person,
    publish: Publish,
    channel: Channel,
) -> None:
    files = {
        "MLproject": """
            conda_env: conda.yaml
            metrics: metrics.json
            entry_points: {main: {command: python train.py}}
        """,
        "conda.yaml": f"{{channels: [conda-forge], dependencies: [python={PYTHON}, polite]}}",
        "train.py": """
            import json, sys, polite
            json.dump({"conda": float("envs" in sys.prefix)}, open("metrics.json", "w"))
        """,
    }
    ana("run", publish(files))
    run = ana.newest()
    lock = run["tags"]["runner.lock"]

    with ana.out_of_reach():
        channel.asked.clear()
        found = bob.reproduce(office.page(run))

    assert found["verdict"] == "identical", found["err"]
    assert bob.newest()["tags"]["runner.lock"] == lock
    assert states(found, "packages") == ["ok"]
    assert not any("repodata" in path for path in channel.asked)  # nothing was solved again


@pytest.mark.slow
def test_an_image_whose_name_means_another_one_by_now(
    office: Office,
    ana: Person,
    bob: Person,
    publish: Publish,
    containers: tuple[Daemon, Registry],
) -> None:
    engine, image_registry = containers
    name = image_registry.name("trainer")
    image_registry.push(engine.client, IMAGE, "trainer")
    engine.tiny("other:1", "nothing can run in it")
    files = {
        "MLproject": f"""
            docker_env: {{image: "{name}"}}
            metrics: metrics.json
            entry_points: {{main: {{command: 'echo "{{\\"rmse\\": 0.5}}" > metrics.json'}}}}
        """
    }
    first = ana("run", publish(files))
    assert first.code == 0, first.err
    run = ana.newest()
    engine.client.api.remove_image(name)
    image_registry.push(engine.client, "other:1", "trainer")

    with ana.out_of_reach():
        found = bob.reproduce(office.page(run))

    assert found["verdict"] == "identical", found["err"]
    assert states(found, "image") == ["ok"]
    assert bob.newest()["tags"]["runner.image"] == run["tags"]["runner.image"]
    assert bob.newest()["metrics"]["rmse"]["value"] == 0.5
