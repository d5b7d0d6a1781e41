import tomllib
from pathlib import Path

import pytest

from runner.environments.python.pylock import parse, quoted
from runner.errors import EnvironmentFailed

HEAD = 'lock-version = "1.0"\ncreated-by = "tests"\n'


@pytest.mark.parametrize(
    "entry",
    [
        'directory = { path = "a b/pack", editable = true }',
        "directory = { path = 'a b/pack', editable = true }",
        'directory = { editable = true, path="a b/pack" }',
        '[packages.directory]\npath = "a b/pack"\neditable = true',
        'directory = { path = "a b\\u002Fpack", editable = true }',
    ],
)
def test_a_relative_path_is_anchored_however_it_is_written(tmp_path: Path, entry: str) -> None:
    lock = parse(f'{HEAD}[[packages]]\nname = "pack"\n{entry}\n', name="pylock.toml")

    anchored = parse(lock.anchored(tmp_path), name="pylock.toml")

    assert anchored.local == ((str(tmp_path / "a b/pack"), True),)


def test_a_path_that_cannot_be_found_in_the_text_is_refused(tmp_path: Path) -> None:
    lock = parse(
        f'{HEAD}[[packages]]\nname = "pack"\ndirectory = {{ "path" = "pack" }}\n', name="pylock.toml"
    )

    with pytest.raises(EnvironmentFailed, match="is not understood"):
        lock.anchored(tmp_path)


@pytest.mark.parametrize(
    ("entry", "pinned"),
    [
        ('directory = { path = "." }', False),
        ('vcs = { type = "git", url = "https://host/a.git", commit-id = "0123" }', True),
        ('vcs = { type = "git", url = "https://host/a.git" }', False),
        ('archive = { url = "https://host/a.whl", hashes = { sha256 = "00" } }', True),
        ('archive = { url = "https://host/a.whl" }', False),
        ('wheels = [{ url = "https://host/a.whl", hashes = { sha256 = "00" } }]', True),
        ('wheels = [{ url = "https://host/a.whl" }]', False),
        ("wheels = []", False),
    ],
)
def test_a_package_is_pinned_by_a_hash_or_a_commit(entry: str, pinned: bool) -> None:
    assert parse(f'{HEAD}[[packages]]\nname = "a"\n{entry}\n', name="pylock.toml").pinned is pinned


def test_pip_gets_each_package_with_all_its_hashes() -> None:
    text = f"""{HEAD}
[[packages]]
name = "a"
version = "1"
marker = "python_version < '3.12'"
sdist = {{ url = "https://host/a.tar.gz", hashes = {{ sha256 = "00" }} }}
wheels = [{{ url = "https://host/a.whl", hashes = {{ sha256 = "11", sha512 = "22" }} }}]

[[packages]]
name = "b"
archive = {{ path = "/wheels/b 1.whl", hashes = {{ sha256 = "33" }} }}

[[packages]]
name = "c"
archive = {{ url = "https://host/c.whl", hashes = {{ sha256 = "44" }} }}
"""

    assert parse(text, name="pylock.toml").as_requirements().splitlines() == [
        "a==1 ; python_version < '3.12' --hash=sha256:00 --hash=sha256:11 --hash=sha512:22",
        "b @ file:///wheels/b%201.whl --hash=sha256:33",
        "c @ https://host/c.whl --hash=sha256:44",
    ]


def test_a_password_of_ssh_is_a_name_and_may_stay() -> None:
    vcs = 'vcs = { type = "git", url = "ssh://git@host/a.git", commit-id = "0123" }'

    assert parse(f'{HEAD}[[packages]]\nname = "a"\n{vcs}\n', name="pylock.toml").packages


@pytest.mark.parametrize("text", ["\N{PARTY POPPER} ü", "'\"\\", "\x00\x7f\n\x1f", "\u2028"])
def test_a_text_is_quoted_as_toml_has_it(text: str) -> None:
    assert tomllib.loads(f"text = {quoted(text)}") == {"text": text}


def test_a_path_may_be_escaped_in_any_way_that_toml_knows() -> None:
    entry = '[[packages]]\nname = "a"\ndirectory = { path = "\\U0001F389" }\n'

    lock = parse(parse(HEAD + entry, name="pylock.toml").anchored(Path("/project")), name="the lock")

    assert lock.local == (("/project/\N{PARTY POPPER}", False),)
