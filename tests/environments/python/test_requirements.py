from pathlib import Path

import pytest

from runner.environments.python.requirements import Requirements, read, read_file
from runner.errors import EnvironmentFailed
from runner.project.model import PythonEnv


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def taken(project: Path, *lines: str) -> Requirements:
    return read(PythonEnv(requirements=lines), project)


def test_comments_and_empty_lines_are_left_out(project: Path) -> None:
    read = taken(project, "# all", "six  # why not", "", "  ", "a @ https://host/a.whl#sha256=1")

    assert read.lines == ("six", "a @ https://host/a.whl#sha256=1")


@pytest.mark.parametrize(
    "option",
    ["-r more.txt", "-rmore.txt", "--requirement more.txt", "--requirement=more.txt", "-r 'more.txt'"],
)
def test_an_included_file_is_put_in_place(project: Path, option: str) -> None:
    (project / "more.txt").write_bytes(b"\xef\xbb\xbfsix\r\nclick \\\r\n  >=8\r\n")

    assert taken(project, "first", option, "last").lines == ("first", "six", "click >=8", "last")


@pytest.mark.parametrize("option", ["-c limits.txt", "--constraint limits.txt", "--constraint=limits.txt"])
def test_constraints_are_kept_apart_with_all_that_they_include(project: Path, option: str) -> None:
    (project / "limits.txt").write_text("six<2\n-r deeper.txt\n")
    (project / "deeper.txt").write_text("click<9\n")

    read = taken(project, "six", option)

    assert (read.lines, read.constraints) == (("six",), ("six<2", "click<9"))


def test_included_files_count_from_the_file_that_includes_them(project: Path) -> None:
    (project / "a/b").mkdir(parents=True)
    (project / "a/one.txt").write_text("-r b/two.txt\n")
    (project / "a/b/two.txt").write_text("-r ../../three.txt\n")
    (project / "three.txt").write_text("six\n")

    assert taken(project, "-r a/one.txt").lines == ("six",)
    assert read_file("a/one.txt", project).lines == ("six",)


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "/etc/passwd", "https://me:secret@host/r.txt", "link.txt", "file:///etc/passwd"],
)
def test_nothing_outside_the_project_is_read(project: Path, name: str) -> None:
    (project.parent / "outside.txt").write_text("six\n")
    (project / "link.txt").symlink_to(project.parent / "outside.txt")

    with pytest.raises(EnvironmentFailed, match="read inside the project only") as failure:
        taken(project, f"-r {name}")

    assert "secret" not in str(failure.value)


def test_a_file_that_includes_itself_is_refused(project: Path) -> None:
    (project / "a.txt").write_text("-r b.txt\n")
    (project / "b.txt").write_text("-r a.txt\n")

    with pytest.raises(EnvironmentFailed, match=r"a\.txt includes itself"):
        taken(project, "-r a.txt")


def test_a_long_chain_of_files_is_refused(project: Path) -> None:
    for number in range(20):
        (project / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")

    with pytest.raises(EnvironmentFailed, match="includes itself"):
        taken(project, "-r 0.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"six\xff\n", "is no UTF-8 text"),
        (b"#" * (5 << 20), "is larger than 4 MiB"),
        (b"six\x00\n", "control character"),
        (b"six \x1b[2J\n", "control character"),
    ],
)
def test_what_is_no_requirements_file_is_refused(project: Path, content: bytes, message: str) -> None:
    (project / "odd.txt").write_bytes(content)

    with pytest.raises(EnvironmentFailed, match=message):
        taken(project, "-r odd.txt")


def test_a_missing_file_is_named_with_the_place_that_names_it(project: Path) -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"python_env\.yaml: requirements file gone\.txt cannot be read"
    ):
        taken(project, "-r gone.txt")


def test_two_lines_in_one_are_refused(project: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="control character"):
        taken(project, "six\n--index-url http://evil")


@pytest.mark.parametrize(
    ("line", "path", "editable"),
    [
        ("-e .", ".", True),
        ("-e ./pack", "pack", True),
        ("--editable=pack", "pack", True),
        ("-e pack[extra]", "pack", True),
        (".", ".", False),
        (".[test]", ".", False),
        ("./pack", "pack", False),
        ("../sister", "../sister", False),
        ("sister @ file:///opt/sister", "/opt/sister", False),
        ("/opt/sister", "/opt/sister", False),
        ("dist/pack-1.0-py3-none-any.whl", "dist/pack-1.0-py3-none-any.whl", False),
        ("pack.tar.gz ; python_version > '3'", "pack.tar.gz", False),
    ],
)
def test_local_paths_are_seen(project: Path, line: str, path: str, editable: bool) -> None:
    (item,) = taken(project, line).local

    assert (item.path, item.editable) == ((project / path).resolve(), editable)


@pytest.mark.parametrize(
    "line",
    [
        "six",
        "six>=1.0,!=1.2",
        "-f ./wheels",
        "a @ https://host/a.whl",
        "-e git+https://host/a.git",
        "a[b]; python_version < '3'",
        "https://host/a.tar.gz",
    ],
)
def test_what_is_no_local_path_is_not_taken_for_one(project: Path, line: str) -> None:
    assert taken(project, line).local == ()


def test_the_fingerprint_follows_the_content_of_local_paths(project: Path) -> None:
    package = project / "pack"
    package.mkdir()
    (package / "code.py").write_text("1")
    (package / "setup.py").write_text("1")
    (package / "__pycache__").mkdir()

    def prints() -> tuple[str, str]:
        return taken(project, "./pack").fingerprint, taken(project, "-e ./pack").fingerprint

    first = prints()
    (package / "__pycache__/code.pyc").write_text("2")
    assert prints() == first
    (package / "code.py").write_text("2")
    second = prints()
    assert (second[0] == first[0], second[1] == first[1]) == (False, True)
    (package / "setup.py").write_text("2")
    assert prints()[1] != first[1]


def test_a_local_file_that_is_missing_is_named(project: Path) -> None:
    (project / "pack").mkdir()
    (project / "pack/secret").symlink_to("/proc/self/mem")

    with pytest.raises(EnvironmentFailed, match="cannot be read"):
        _ = taken(project, "./pack").fingerprint


def test_only_lines_with_a_hash_each_are_a_lock(project: Path) -> None:
    assert taken(project, "--index-url https://host", "six==1 --hash=sha256:00").hashed
    assert not taken(project, "six==1 --hash=sha256:00", "click").hashed
    assert not taken(project).hashed


def test_logins_of_indexes_are_told_apart_and_filled_in(project: Path) -> None:
    read = taken(
        project,
        "--index-url https://me:${TOKEN}@host.example/index",
        "--extra-index-url=https://${UNSET_NAME}@other.example/index",
        "--extra-index-url https://free.example/index",
        "six",
    )

    assert read.logins({"TOKEN": "secret"}) == (
        "https://me:secret@host.example/index",
        "https://${UNSET_NAME}@other.example/index",
    )
