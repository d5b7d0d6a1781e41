"""What a YAML file says is remembered by its content, and memory is never believed blindly."""

import json
from datetime import date
from pathlib import Path

import pytest

from runner.errors import Location
from runner.project.document import Document, Scalar, native, read

TEXT = "name: demo\nvalues: [1, 2.5, yes, ~, .inf, 'yes', &it {a: b}, *it]\n1: one\n"


def said(document: Document) -> object:
    assert document.root is not None
    return native(document.root)


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "memory"


def test_values_and_places_are_as_they_were_wherever_the_file_lies(tmp_path: Path, memory: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    for file in (first, second):
        file.write_text(TEXT)

    before, after, elsewhere = read(first), read(first, memory), read(second, memory)

    assert before == after == read(first, memory)
    assert said(elsewhere) == said(before)
    assert elsewhere.root is not None
    assert elsewhere.root.where == Location(second, 1, 1)
    assert len(list(memory.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", ["", "[", "[]", "[1, 2]", "[1, 2, [[]]]", '[1, 2, {"a": 3}]', "[" * 100_000, "\0"]
)
def test_a_memory_that_is_damaged_is_not_believed(tmp_path: Path, memory: Path, damage: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a: 1\n")
    read(file, memory)
    (known,) = memory.iterdir()
    known.write_text(damage)

    assert said(read(file, memory)) == {"a": 1}
    assert json.loads(known.read_text())


def test_what_json_does_not_have_and_what_is_to_be_noticed_is_read_anew(tmp_path: Path, memory: Path) -> None:
    dated, odd = tmp_path / "dated.yaml", tmp_path / "odd.yaml"
    dated.write_text("day: 2026-11-22\n")
    odd.write_text("a: 1\na: 2\n")

    for _ in range(2):
        assert said(read(dated, memory)) == {"day": date(2026, 11, 22)}
        assert [notice.where.line for notice in read(odd, memory).notices if notice.where] == [2]


def test_a_text_with_a_login_is_remembered_nowhere(tmp_path: Path, memory: Path) -> None:
    file = tmp_path / "conda.yaml"
    file.write_text("channels: ['https://me:hush@channel.example/']\n")

    assert said(read(file, memory)) == {"channels": ["https://me:hush@channel.example/"]}
    assert not memory.exists()


@pytest.mark.parametrize(
    "text",
    [
        f"x: 0x{'f' * 4000}\n",
        "".join(f"a{n}: &a{n} {'[' * 90}{f'*a{n - 1}' if n else 'x'}{']' * 90}\n" for n in range(12)),
        f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 500)}]\n",
    ],
    ids=["a number", "depth", "repeated"],
)
def test_what_is_too_large_for_memory_is_not_kept_there(tmp_path: Path, memory: Path, text: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)

    assert read(file, memory).root is not None
    assert not list(memory.glob("*"))


def test_memory_is_for_its_owner_only(tmp_path: Path, memory: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text("a: 1")
    read(file, memory)

    assert memory.stat().st_mode & 0o077 == 0


def test_where_nothing_can_be_remembered_it_is_read_all_the_same(tmp_path: Path) -> None:
    file, taken = tmp_path / "file.yaml", tmp_path / "taken"
    file.write_text("text")
    taken.touch()

    found = read(file, taken)

    assert found.root == Scalar("text", "text", Location(file, 1, 1))
