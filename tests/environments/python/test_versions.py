import pytest

from runner.environments.python.versions import PythonRequest
from runner.errors import EnvironmentFailed


@pytest.mark.parametrize(
    ("request_", "admitted", "refused"),
    [
        ("3", ["3.6.15", "3.13.0"], ["2.7.18"]),
        ("3.1", ["3.1.4"], ["3.10.1", "3.11.1"]),
        ("3.10", ["3.10.0", "3.10.13"], ["3.11.0", "3.1.0"]),
        ("3.10.13", ["3.10.13"], ["3.10.1", "3.10.14"]),
        ("=3.10", ["3.10.5"], ["3.11.0"]),
        ("==3.10", ["3.10.0"], ["3.10.1"]),
        ("==3.10.*", ["3.10.0", "3.10.9"], ["3.11.0"]),
        ("3.10.*", ["3.10.9"], ["3.9.10"]),
        ("===3.10.1", ["3.10.1"], ["3.10.2"]),
        (">=3.9,<3.12", ["3.9.0", "3.11.9"], ["3.8.18", "3.12.0"]),
        (">3.9.1, <=3.10", ["3.9.2", "3.10.0"], ["3.9.1", "3.10.1"]),
        ("~=3.9", ["3.9.0", "3.13.0"], ["3.8.0", "4.0.0"]),
        ("~=3.9.2", ["3.9.2", "3.9.18"], ["3.9.1", "3.10.0"]),
        ("!=3.9.*", ["3.10.0"], ["3.9.4"]),
        ("", ["3.6.1", "2.7.1"], []),
        ("v3.11", ["3.11.1"], ["3.12.0"]),
        (">=3.13", ["3.13.0rc2+"], ["3.12.9"]),
    ],
)
def test_a_request_admits_what_it_says(request_: str, admitted: list[str], refused: list[str]) -> None:
    wanted = PythonRequest.parse(request_)

    assert [version for version in admitted if not wanted.admits(version)] == []
    assert [version for version in refused if wanted.admits(version)] == []


@pytest.mark.parametrize("text", ["latest", "3.x", "3.10 ; rm -rf /", "--python", ">=", "3..1", "3.10\n"])
def test_what_is_no_version_is_refused(text: str) -> None:
    if text.strip() != text:
        assert PythonRequest.parse(text).text == text.strip()
        return
    with pytest.raises(EnvironmentFailed, match="is no Python version"):
        PythonRequest.parse(text)


def test_a_request_for_one_version_knows_whether_it_has_ended() -> None:
    assert PythonRequest.parse("3.7").ended == "2023-06"
    assert PythonRequest.parse("3.7.16").ended == "2023-06"
    assert PythonRequest.parse("3.13").ended is None
    assert PythonRequest.parse(">=3.7").ended is None


def test_only_what_is_certainly_too_old_is_too_old() -> None:
    assert [
        text
        for text in ("2.7", "2", "3.5.1", "3", "3.6", ">=2.7", ">=3.5")
        if PythonRequest.parse(text).too_old
    ] == [
        "2.7",
        "2",
        "3.5.1",
    ]


def test_it_prints_as_people_say_it() -> None:
    assert (str(PythonRequest.parse(">=3.9,<3.12")), str(PythonRequest.parse(None))) == (
        "Python >=3.9, <3.12",
        "any Python",
    )
