"""Tools run to their end."""

import sys
from pathlib import Path

import pytest

from runner.errors import RunnerError
from runner.process import ProgramFailed, ProgramMissing, capture, describe_code


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_input_and_code_come_back(tmp_path: Path) -> None:
    completed = capture(
        python(
            "import sys, os; print(os.getcwd(), sys.stdin.read()); print('oops', file=sys.stderr); sys.exit(3)"
        ),
        cwd=tmp_path,
        input="word",
        check=False,
    )

    assert completed.out == f"{tmp_path} word\n"
    assert completed.err == "oops\n"
    assert completed.code == 3


def test_lines_of_standard_error_are_told_as_they_come_and_kept() -> None:
    lines: list[str] = []

    completed = capture(python("import sys; print('one\\ntwo', file=sys.stderr)"), on_line=lines.append)

    assert lines == ["one", "two"]
    assert completed.err == "one\ntwo\n"


def test_a_failure_tells_command_code_and_the_last_words() -> None:
    with pytest.raises(ProgramFailed) as error:
        capture(python("import sys; sys.exit('no such thing')"))

    assert "exit code 1" in error.value.message
    assert error.value.detail == "no such thing"


def test_what_takes_too_long_is_killed() -> None:
    with pytest.raises(ProgramFailed) as error:
        capture(python("import time; time.sleep(60)"), timeout=0.2)

    assert error.value.completed.err == "no answer within 0.2 s"


def test_a_missing_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="no program 'no-such-program'"):
        capture(["no-such-program"])
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with pytest.raises(ProgramMissing, match="cannot be executed"):
        capture([plain])


def test_a_missing_directory_is_not_mistaken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="no directory"):
        capture(python("pass"), cwd=tmp_path / "nowhere")


def test_codes_are_described() -> None:
    assert describe_code(3) == "exit code 3"
    assert describe_code(-9) == "signal 9 (SIGKILL)"
    assert describe_code(-99) == "signal 99"


def test_what_takes_several_waits_is_read_whole() -> None:
    completed = capture(
        python("import sys, time; print('a', flush=True); time.sleep(1.2); print(sys.stdin.read())"),
        input="b",
    )

    assert completed.out == "a\nb\n"
