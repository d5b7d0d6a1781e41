"""Reading, binding and rendering projects: what the table of cases cannot say."""

import os
import shlex
import string
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.errors import Location, ProjectError, UsageError
from runner.project import bind, entry_point, load, render, secret_variables
from runner.project.command import parse
from runner.project.document import Entry, Scalar, Table, read_text
from runner.project.model import EntryPoint, Parameter, PythonEnv, SystemEnv
from runner.project.reading import globs_of
from tests.project import corpus

Files = Callable[[Mapping[str, str]], Path]

TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"))
PARTS = [*"{}$ \\\"'\n=-ab.:[]!", "{a}", "{b}", "{{", "}}", " --b {b}", " b={b}"]
TEMPLATES = st.lists(st.sampled_from(PARTS)).map("".join)


def point(command: str, *parameters: Parameter) -> EntryPoint:
    return EntryPoint(name="main", command=command, parameters={one.name: one for one in parameters})


def shell(command: str, **variables: str) -> str:
    """What a real shell prints."""
    environ = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, check=True, text=True, env=environ
    ).stdout


# rendering


@given(value=TEXTS)
@example("")
@example("'\"'$(x)`y`{z}")
def test_the_shell_gives_a_value_back_as_it_was(value: str) -> None:
    main = point("prog {x}", Parameter(name="x"))

    assert shlex.split(render(main, bind(main, {"x": value}, strict=True))) == ["prog", value]


@given(command=TEMPLATES, a=TEXTS)
def test_rendering_never_fails(command: str, a: str) -> None:
    main = point(command, Parameter(name="a"), Parameter(name="b", optional=True))

    assert isinstance(render(main, bind(main, {"a": a, "extra": a}, strict=False)), str)


@given(command=TEMPLATES)
def test_what_python_formats_from_plain_placeholders_we_render_alike(command: str) -> None:
    values = {"a": "1", "b": "2"}
    try:
        fields = list(string.Formatter().parse(command))
        expected = command.format(**values)
    except (ValueError, LookupError, AttributeError):
        return
    if any(name not in {None, "a", "b"} or conversion or spec for _, name, spec, conversion in fields):
        return
    if any(spec == "" and f"{{{name}:" in command for _, name, spec, _ in fields):
        return
    main = point(command, Parameter(name="a"), Parameter(name="b"))

    assert render(main, bind(main, values, strict=True)) == expected


@given(command=TEMPLATES)
def test_the_pieces_of_a_command_cover_it_in_order(command: str) -> None:
    pieces = list(parse(command, {"a": 1}))

    assert [piece.start for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    assert not pieces or pieces[-1].end == len(command)


def test_a_hostile_command_is_taken_apart_in_no_time() -> None:
    main = point(" " * 200_000 + "{" * 200_000 + "-" * 200_000 + " {x}", Parameter(name="x", optional=True))
    started = time.perf_counter()

    render(main, bind(main, {}, strict=True))

    assert time.perf_counter() - started < 5


def test_a_local_path_takes_the_place_of_an_input_but_not_of_its_record() -> None:
    main = point("cat {data}", Parameter(name="data", type="path"))
    bound = bind(main, {"data": "s3://bucket/data.csv"}, strict=True)

    command = render(main, bound, replaced={"data": "/tmp/my data.csv"})

    assert command == "cat '/tmp/my data.csv'"
    assert (bound.values["data"], bound.inputs) == ("s3://bucket/data.csv", {"data": "path"})


def test_an_absolute_path_renders_as_mlflow_renders_it(files: Files, tmp_path: Path) -> None:
    directory = files({"MLproject": "entry_points: {main: {parameters: {d: path}, command: 'cat {d}'}}"})
    data = tmp_path / "my data.csv"
    data.write_text("")
    case = corpus.Case(name="a path", given={"d": str(data)})

    main = entry_point(load(directory), "main")
    bound = bind(main, {"d": str(data)}, strict=True)

    theirs = corpus.mlflow_command(case, directory, storage=tmp_path)
    assert render(main, bound, replaced={"d": str(data)}) == theirs


@pytest.mark.parametrize(
    "template", ["printf %s {t}", 'printf %s "{t}"', "printf %s '{t}'", 'printf %s "a\\"{t}"']
)
def test_a_secret_reaches_the_program_whole_whatever_quotes_surround_it(template: str) -> None:
    main = point(template, Parameter(name="t", secret=True))
    bound = bind(main, {"t": "two  $words 'x'"}, strict=True)
    command = render(main, bound)

    assert "words" not in command
    assert "words" not in repr(bound)
    assert shell(command, **secret_variables(main, bound)).removeprefix('a"') == "two  $words 'x'"


def test_a_secret_path_is_no_input_that_anyone_may_see() -> None:
    main = point("cat {d}", Parameter(name="d", type="uri", secret=True))

    assert bind(main, {"d": "https://example.org/?token=1"}, strict=True).inputs == {}


def test_a_shell_script_runs_in_the_shell_of_the_user() -> None:
    main = point("${SHELL:-bash} x.sh")
    command = render(main, bind(main, {}, strict=True)).replace("x.sh", "-c 'echo yes'")

    assert shell(command) == shell(command, SHELL="/bin/sh") == "yes\n"


def test_strictness_refuses_what_is_passed_on_otherwise() -> None:
    main = point("train")

    assert bind(main, {"a": "1"}, strict=False).extra == {"a": "1"}
    with pytest.raises(UsageError, match="has no parameter 'a'"):
        bind(main, {"a": "1"}, strict=True)


# files that mean harm, or are broken below the level of YAML


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_is_refused_and_crashes_nothing(files: Files, text: str) -> None:
    with pytest.raises(ProjectError, match="nested more than 100 deep"):
        load(files({"MLproject": text}))


def test_a_bomb_of_merges_is_refused(files: Files) -> None:
    lines = ["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40))]

    with pytest.raises(ProjectError, match="once its aliases are expanded"):
        load(files({"MLproject": "\n".join(lines)}))


def test_a_large_file_is_refused(files: Files) -> None:
    with pytest.raises(ProjectError, match="larger than 1024 KiB"):
        load(files({"MLproject": "#" * 1024 * 1024 + "\n"}))


def test_a_file_that_is_not_utf_8_names_the_place(files: Files) -> None:
    directory = files({})
    (directory / "MLproject").write_bytes("name: a\nentry_points: größe".encode("latin-1"))

    with pytest.raises(ProjectError, match=r"MLproject:2:17: not UTF-8 \(byte 0xf6\)"):
        load(directory)


def test_utf_16_is_called_by_its_name(files: Files) -> None:
    directory = files({})
    (directory / "MLproject").write_bytes("name: a".encode("utf-16"))

    with pytest.raises(ProjectError, match="it looks like UTF-16"):
        load(directory)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot be read: No such file or directory"):
        load(tmp_path / "nowhere")


def test_a_directory_called_mlproject_is_no_project_file(files: Files) -> None:
    project = load(files({"MLProject/MLProject": "name: inner"}))

    assert (project.file, dict(project.entry_points)) == (None, {})


def test_a_link_to_a_project_file_is_followed(files: Files) -> None:
    directory = files({"sub/project": "name: linked"})
    (directory / "MLproject").symlink_to("sub/project")

    assert load(directory).name == "linked"


def test_a_link_out_of_the_project_is_no_script_of_it(files: Files, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("")
    directory = files({"MLproject": "entry_points: {main: {command: x}}"})
    (directory / "train.py").symlink_to(tmp_path / "evil.py")

    with pytest.raises(UsageError, match="outside of the project"):
        entry_point(load(directory), "train.py")


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


# environments


def test_a_broken_environment_is_a_notice_to_a_run_without_one(files: Files) -> None:
    directory = files({"python_env.yaml": "python: [3]"})

    project = load(directory, environment=False)

    assert project.environment == SystemEnv()
    assert [str(notice.where) for notice in project.notices] == [f"{directory}/python_env.yaml:1:9"]


def test_a_conda_file_keeps_its_text(files: Files) -> None:
    text = "dependencies: [python=3.12, numpy]\n"

    environment = load(files({"conda.yaml": text})).environment

    assert getattr(environment, "text", None) == text


def test_an_environment_file_in_the_parent_directory_is_found(files: Files) -> None:
    directory = files({"env.yaml": "python: '3.12'", "sub/MLproject": "python_env: ../env.yaml"})

    assert load(directory / "sub").environment == PythonEnv(file="../env.yaml", python="3.12")


# time


def test_a_small_project_loads_in_about_a_millisecond(files: Files) -> None:
    directory = files(
        {
            "MLproject": """\
                name: demo
                python_env: python_env.yaml
                entry_points:
                  main:
                    parameters:
                      alpha: {type: float, default: 0.5}
                      data: path
                    command: "python train.py --alpha {alpha} {data}"
            """,
            "python_env.yaml": "python: '3.12'\ndependencies: [numpy]\n",
        }
    )
    load(directory)
    started = time.process_time()
    for _ in range(20):
        load(directory)

    assert (time.process_time() - started) / 20 < 0.005


@given(text=st.text(alphabet="*?[]!./-ab \0", min_size=1, max_size=12))
def test_whatever_is_accepted_as_a_pattern_can_be_looked_for(text: str) -> None:
    where = Location("MLproject")
    table = Table({"outputs": Entry("outputs", where, Scalar(text, text, where), "outputs")}, where)
    try:
        (pattern,) = globs_of(table, "outputs")
    except ProjectError:
        return

    list(Path(__file__).parent.glob(pattern))  # or it raises
