"""Projects in containers, through the front door, against a real engine: what a program sees, and options of `docker run`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from tests.cli.containers import project, shown, started, up_to
from tests.cli.test_run import artifact
from tests.conftest import Cli, Files
from tests.services.docker import IMAGE, Daemon
from tests.services.programs import needed

pytestmark = pytest.mark.usefixtures("engine")


def test_a_program_runs_in_the_project_with_its_streams_apart_and_its_own_exit_code(
    cli: Cli, files: Files, engine: Daemon
) -> None:
    demo = files(project("pwd; cat here.txt; echo oops >&2; exit 7", **{"here.txt": "hello\n"}))

    outcome = cli("run", demo)

    assert outcome.code == 7
    assert outcome.out == "/mlflow/projects/code\nhello\n"
    run = shown(cli)
    assert (run["status"], run["tags"]["runner.exit_code"]) == ("FAILED", "7")
    assert artifact(run, "logs/stderr.txt").read_text() == "oops\n"
    assert engine.containers() == []


def test_what_it_writes_appears_in_the_directory_and_is_recorded(cli: Cli, files: Files) -> None:
    command = "echo '{\"rmse\": 0.5}' > metrics.json; echo kept > model.txt"
    demo = files(project(command, more='{"metrics": ["metrics.json"], "outputs": ["model.txt"]}'))

    outcome = cli("run", demo)

    assert outcome.code == 0, outcome.err
    assert (demo / "model.txt").read_text() == "kept\n"
    run = shown(cli)
    assert run["metrics"]["rmse"]["value"] == 0.5
    assert artifact(run, "model.txt").read_text() == "kept\n"


def test_the_run_says_what_it_ran_in(
    cli: Cli, files: Files, engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    options = ("memory=128m", "env=TOKEN=hush", "env=TZ=UTC")
    cli("run", files(project("true")), *(word for option in options for word in ("-A", option)))

    run = shown(cli)
    identifier = engine.client.images.get(IMAGE).id
    tags = run["tags"]
    assert tags["mlflow.project.env"] == "docker"
    assert (tags["mlflow.docker.image.uri"], tags["mlflow.docker.image.id"]) == (IMAGE, identifier)
    record = json.loads(artifact(run, "runner/record.json").read_text())
    assert (record["environment"]["kind"], record["environment"]["image"]) == ("docker", identifier)
    plan = artifact(run, "runner/plan.json").read_text()
    assert json.loads(plan)["environment"]["docker_args"] == ["memory=128m", "env=TOKEN", "env=TZ"]
    assert record["variables"] == {"TZ": "UTC", "PYTHONHASHSEED": "0"}
    assert "hush" not in plan + json.dumps(record)


def test_only_the_variables_that_are_named_enter(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPIED", "a b'c")
    monkeypatch.setenv("BY_HAND", "yes")
    monkeypatch.setenv("PRIVATE", "no")
    demo = files(project("env", docker='{"environment": ["COPIED", ["SET", "x=1"]]}'))

    outcome = cli("run", demo, "-A", "env=BY_HAND", "-A", "env=GIVEN=2")

    found = dict(line.partition("=")[::2] for line in outcome.out.splitlines())
    assert {name: found.get(name) for name in ("COPIED", "SET", "BY_HAND", "GIVEN")} == {
        "COPIED": "a b'c",
        "SET": "x=1",
        "BY_HAND": "yes",
        "GIVEN": "2",
    }
    assert found["RUNNER_RUN_ID"] == found["MLFLOW_RUN_ID"] == shown(cli)["run_id"]
    assert not {"PRIVATE", "RUNNER_HOME", "DOCKER_HOST", "PYTHONPATH"} & set(found)


def test_a_variable_that_is_to_be_copied_and_is_not_there_ends_the_run_before_its_image_is_fetched(
    cli: Cli, files: Files
) -> None:
    demo = files(project("true", docker='{"image": "nowhere.invalid/x:1", "environment": ["ABSENT"]}'))

    outcome = cli("run", demo)

    assert outcome.code == 3
    assert "variable ABSENT, which is not set" in outcome.err


@pytest.mark.parametrize(
    ("volume", "words"),
    [("./absent:/data:ro", "no file or directory"), ("$ABSENT:/data", "needs the variable ABSENT")],
)
def test_a_volume_that_is_not_there_is_told_before_the_image_is_fetched_and_by_a_dry_run_too(
    cli: Cli, files: Files, volume: str, words: str
) -> None:
    docker = {"image": "nowhere.invalid/x:1", "volumes": ["made:/named", "./made:/made", volume]}
    demo = files(project("true", docker=json.dumps(docker)))

    ran, planned = cli("run", demo), cli("run", demo, "--dry-run")

    assert words in ran.err
    assert words in planned.err
    assert not (demo / "made").exists()


def test_a_variable_that_is_not_there_is_told_by_a_dry_run(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("true", docker='{"environment": ["ABSENT"]}')), "--dry-run")

    assert outcome.code == 3
    assert "variable ABSENT, which is not set" in outcome.err


def test_inputs_are_seen_wherever_they_are_and_cannot_be_changed(
    cli: Cli, files: Files, tmp_path: Path
) -> None:
    outside = tmp_path / "some where" / "data.csv"
    outside.parent.mkdir()
    outside.write_text("outside\n")
    names = ("far", "near", "folder", "linked", "around")
    command = "cat {far} {near} {linked} {around}; ls {folder}; echo x >> {far}"
    demo = files(
        project(command, parameters=json.dumps(dict.fromkeys(names, "path")), **{"near.csv": "inside\n"})
    )
    (demo / "link.csv").symlink_to(outside)
    (tmp_path / "other").symlink_to(demo)
    given = dict(
        zip(
            names,
            (outside, demo / "near.csv", outside.parent, demo / "link.csv", tmp_path / "other/near.csv"),
            strict=True,
        )
    )

    outcome = cli("run", demo, *(word for name, path in given.items() for word in ("-P", f"{name}={path}")))

    assert outcome.out == "outside\ninside\noutside\ninside\ndata.csv\n", outcome.err
    assert outcome.code == 1
    assert "Read-only file system" in outcome.err
    assert outside.read_text() == "outside\n"


def test_volumes_count_from_the_project_wherever_the_person_is(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    docker = (
        '{"volumes": ["$(pwd):/mlflow/projects/code", "$PWD/data:/data:ro", "out:/named", "./made:/made"]}'
    )
    demo = files(project("cat /data/x; touch /made/y; echo z > /data/z", docker=docker, **{"data/x": "1\n"}))
    (tmp_path / "more").mkdir()

    outcome = cli("run", demo, "-A", f"v={tmp_path}/more:/more")

    assert outcome.out == "1\n"
    assert "Read-only file system" in outcome.err
    assert (demo / "made/y").exists()


def test_code_that_is_baked_into_the_image_is_what_runs_and_nothing_is_mounted(
    cli: Cli, files: Files
) -> None:
    command = "cat here.txt; echo 1 > made; mkdir deep; echo 2 > deep/made; stat -c %u made; ln -s /etc/passwd stolen"
    demo = files(project(command, more='{"outputs": ["**/*"]}', **{"here.txt": "baked\n"}))

    outcome = cli("run", demo, "--build-image")

    assert outcome.out == f"baked\n{os.getuid()}\n", outcome.err
    assert not (demo / "made").exists()
    kept = json.loads(artifact(shown(cli), "runner/record.json").read_text())["outputs"]
    assert [found["path"] for found in kept] == ["deep/made", "made"]
    assert "stolen is a link to nothing in the project" in outcome.err
    assert json.loads(artifact(shown(cli), "runner/plan.json").read_text())["environment"]["build_image"]


def test_of_an_image_with_the_code_links_within_the_project_are_results_as_they_are_here(
    cli: Cli, files: Files
) -> None:
    command = (
        "mkdir -p runs/1 && echo first >runs/1/model && ln runs/1/model hard && ln -s runs/1 latest"
        " && ln -s /mlflow/projects/code/runs/1/model best && ln -s old/here.txt same"
        " && rm old/gone.txt && mkdir empty && ln -s nowhere broken"
    )
    more = '{"outputs": ["hard", "latest/*", "best", "same", "bro*", "empty"]}'
    demo = files(project(command, more=more, **{"old/here.txt": "baked\n", "old/gone.txt": ""}))

    outcome = cli("run", demo, "--build-image")

    run = shown(cli)
    kept = json.loads(artifact(run, "runner/record.json").read_text())["outputs"]
    assert [found["path"] for found in kept] == ["hard", "latest/model", "best", "same"], outcome.err
    assert artifact(run, "best").read_text() == artifact(run, "hard").read_text() == "first\n"
    assert artifact(run, "same").read_text() == "baked\n"
    assert outcome.err.count("is a link to nothing in the project") == 1


def test_code_that_is_baked_into_the_image_belongs_to_the_user_who_is_given(cli: Cli, files: Files) -> None:
    demo = files(project("echo 1 > made && stat -c %u:%g made", more='{"outputs": ["made"]}'))

    outcome = cli("run", demo, "--build-image", "-A", "user=1234:4321")

    assert outcome.out == "1234:4321\n", outcome.err
    assert artifact(shown(cli), "made").read_text() == "1\n"


def test_of_an_image_with_the_code_nothing_but_results_is_copied(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    take = APIClient.get_archive

    def recorded(client: Any, container: str, path: str) -> Any:
        asked.append(path)
        return take(client, container, path)

    monkeypatch.setattr(APIClient, "get_archive", recorded)
    demo = files(project("echo 1 > made; echo 2 > huge", more='{"outputs": ["made"]}'))

    outcome = cli("run", demo, "--build-image")

    assert outcome.code == 0, outcome.err
    assert [path for path in asked if path.startswith("/mlflow")] == ["/mlflow/projects/code/made"]
    assert artifact(shown(cli), "made").read_text() == "1\n"


def test_a_tree_from_git_is_what_runs_and_stays_clean(cli: Cli, files: Files) -> None:
    demo = files(project("cat here.txt; touch made", **{"here.txt": "committed\n"}))
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -qm one"):
        subprocess.run(["git", "-C", demo, *words.split()], check=True)
    (demo / "here.txt").write_text("changed\n")

    outcome = cli("run", f"git+file://{demo}")

    assert outcome.out == "committed\n", outcome.err
    assert not (demo / "made").exists()


@pytest.mark.root
def test_what_it_writes_belongs_to_the_caller_who_has_a_name_and_a_home(files: Files, engine: Daemon) -> None:
    who = "import getpass, os, pathlib; print(os.getuid(), getpass.getuser(), pathlib.Path.home())"
    demo = files(project(f"touch mine $HOME/x; unset USER LOGNAME; python -c '{who}'"))
    shutil.chown(demo, 1234, 1234)
    # Another user, who may still read where root keeps this Python.
    rights = "--inh-caps=+dac_override --ambient-caps=+dac_override"
    as_ada = [needed("setpriv"), "--reuid=1234", "--regid=1234", "--clear-groups", *rights.split()]

    done = subprocess.run(
        [*as_ada, sys.executable, "-m", "runner", "run", demo],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "USER": "ada", "LOGNAME": "ada"},
    )

    assert done.stdout == "1234 ada /mlflow/home\n", done.stderr
    status = (demo / "mine").stat()
    assert (status.st_uid, status.st_gid) == (1234, 1234)


def test_an_image_without_bash_runs_its_command_in_sh(cli: Cli, files: Files, engine: Daemon) -> None:
    bare = without("/usr/bin/bash", engine, keep_as="/usr/bin/sh")
    demo = files(project("echo $0 works; exit 3", docker=json.dumps({"image": bare})))

    outcome = cli("run", demo)

    assert (outcome.out, outcome.code) == ("sh works\n", 3), outcome.err
    assert "the image has no bash" in outcome.err


def test_an_image_without_any_shell_is_said_clearly(cli: Cli, files: Files, engine: Daemon) -> None:
    bare = without("/usr/bin/bash", engine, keep_as=None)

    outcome = cli("run", files(project("true", docker=json.dumps({"image": bare}))))

    assert outcome.code == 3
    assert "the image has no shell" in outcome.err
    assert engine.containers() == []


def without(path: str, engine: Daemon, *, keep_as: str | None) -> str:
    """The image without that program, or with another name for it."""
    move = f"mv {path} {keep_as}" if keep_as else f"rm {path} /usr/bin/sh"
    made = engine.client.containers.create(IMAGE, ["bash", "-c", move])
    made.start()
    made.wait()
    made.commit("tests/bare", "1")
    made.remove()
    return "tests/bare:1"


def test_the_entry_point_of_an_image_comes_first_as_with_docker_run(
    cli: Cli, files: Files, engine: Daemon
) -> None:
    made = engine.client.containers.create(IMAGE)
    made.commit(
        "tests/wrapped", "1", changes=["""ENTRYPOINT ["bash", "-c", "echo wrapped; \\"$@\\"", "x"]"""]
    )
    made.remove()
    demo = files(project("echo works", docker='{"image": "tests/wrapped:1"}'))

    assert cli("run", demo).out == "wrapped\nworks\n"
    assert cli("run", demo, "-A", "entrypoint=").out == "works\n"


def test_options_of_docker_run_reach_the_engine(cli: Cli, files: Files) -> None:
    command = "cat /proc/sys/kernel/hostname; ulimit -n; stat -f -c %T /scratch; id -u; pwd"
    demo = files(project(command.replace("id -u", "echo $EUID")))
    options = (
        "hostname=box",
        "ulimit=nofile=2048",
        "tmpfs=/scratch",
        "u=4321:4321",
        "workdir=/tmp",
        "shm-size=1m",
    )

    outcome = cli("run", demo, *(word for option in options for word in ("-A", option)))

    assert outcome.out.splitlines() == ["box", "2048", "tmpfs", "4321", "/tmp"], outcome.err


def test_an_unknown_option_is_a_mistake_of_the_caller_and_leaves_no_run(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("true")), "-A", "gpu=all")

    assert outcome.code == 2
    assert "did you mean 'gpus'?" in outcome.err
    assert json.loads(cli("runs", "list", "--json").out) == []


def test_a_volume_with_an_odd_option_is_said_with_a_way_out(cli: Cli, files: Files) -> None:
    outcome = cli("run", files(project("true")), "-A", "v=./sub:/d:zz")

    assert outcome.code == 3
    assert "hint: a volume may end in :ro or :rw" in outcome.err


def test_the_plan_tells_the_image_and_its_digest(cli: Cli, files: Files, engine: Daemon) -> None:
    demo = files(project("true"))
    identifier = engine.client.images.get(IMAGE).id

    planned, explained = cli("run", demo, "--dry-run"), cli("env", "explain", demo)

    assert f"image {IMAGE}, {identifier}\n" in planned.out
    assert f"image {IMAGE}, {identifier}\n" in explained.out
    assert "0 packages" not in planned.out + explained.out


def test_a_name_that_is_taken_is_said_with_a_way_out(cli: Cli, files: Files, engine: Daemon) -> None:
    engine.client.containers.create(IMAGE, name="taken")

    outcome = cli("run", files(project("true")), "-A", "name=taken")

    assert outcome.code == 3
    assert "hint: leave -A name=... out, or choose another name" in outcome.err
    assert engine.containers() == ["taken"]


def test_options_of_containers_without_a_container_are_said_to_be_useless(cli: Cli, files: Files) -> None:
    outcome = cli("run", files({"MLproject": "entry_points: {main: {command: 'true'}}"}), "-A", "gpus=all")

    assert outcome.code == 0
    assert "this project does not run in one" in outcome.err


def test_a_gpu_that_the_engine_does_not_have_is_said_clearly(cli: Cli, files: Files, engine: Daemon) -> None:
    outcome = cli("run", files(project("true")), "-A", "gpus=all")

    assert outcome.code == 3
    assert "no GPU to give" in outcome.err
    assert engine.containers() == []
    assert shown(cli)["status"] == "FAILED"


def test_a_secret_is_in_no_argument_list_no_log_and_no_record(
    cli: Cli, files: Files, engine: Daemon, home: Path
) -> None:
    secret = "hush-4711-hush"
    parameters = '{"key": {"type": "string", "secret": true}}'
    command = "test ${#RUNNER_SECRET_KEY} = 14 && echo got $RUNNER_SECRET_KEY && echo up && while ! test -e go; do sleep 0.1; done"
    demo = files(project(command, parameters=parameters))
    runner = subprocess.Popen(
        [sys.executable, "-c", "import sys; from runner.cli import main; main(sys.stdin.read().split())"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(f"run {demo} -P key={secret}")
    runner.stdin.close()
    said = ""
    while not said.endswith("up\n"):
        said += runner.stdout.readline()

    (container,) = engine.client.containers.list()
    configured = {name: value for name, value in container.attrs["Config"].items() if name != "Env"}
    arguments = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    (demo / "go").touch()
    with runner.stdout:
        said += runner.stdout.read()

    assert runner.wait(20) == 0, said
    assert "got ********" in said
    assert secret not in said
    assert secret not in json.dumps(configured) + json.dumps(container.attrs["Args"])
    assert not [words for words in arguments if secret.encode() in words]
    assert secret not in engine.log.read_text()
    for path in home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_an_engine_that_is_not_there_is_said_before_anything_is_tried(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")

    outcome = cli("run", files(project("true")))

    assert outcome.code == 3
    assert "no container engine can be used" in outcome.err
    assert "Traceback" not in outcome.err


def test_lines_come_as_they_are_printed(files: Files) -> None:
    runner = started("run", files(project("echo up; sleep 30")))

    with up_to(runner, "up"):
        assert runner.poll() is None


def test_programs_find_the_proxies_that_the_docker_command_is_told(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(
        '{"proxies": {"default": {"httpProxy": "http://proxy.example:3128", "noProxy": "a.example"}}}'
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    outcome = cli("run", files(project("env")), "-A", "env=NO_PROXY=b.example")

    found = dict(line.partition("=")[::2] for line in outcome.out.splitlines())
    assert (found["http_proxy"], found["HTTP_PROXY"]) == ("http://proxy.example:3128",) * 2
    assert found["no_proxy"] == "a.example,host.docker.internal"
    assert found["NO_PROXY"] == "b.example,host.docker.internal"
