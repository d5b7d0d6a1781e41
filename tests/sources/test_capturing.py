"""What is kept of a directory that runs: put back elsewhere it is the same, and the directory stays as it was."""

import os
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout, kept, parse
from runner.sources.model import Capture
from tests.conftest import Files
from tests.sources.conftest import NewRepository, Repository
from tests.sources.restoring import PROJECT, Restore, planned, restore, tree
from tests.sources.servers import git_daemon

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def everything_about(directory: Path) -> dict[Path, tuple[int, int, int]]:
    """Whatever would tell of a change, in .git too."""
    found = {}
    for path in (directory, *directory.rglob("*")):
        status = path.lstat()
        found[path] = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
    return found


# what is kept ------------------------------------------------------------------------------------------------
def test_of_a_commit_that_the_remote_has_nothing_is_kept(pushed: NewRepository, settings: Settings) -> None:
    made = pushed()

    with planned(made.work, settings) as (source, capture):
        assert capture == Capture()
        assert (source.patch, source.bundles, source.left_out) == (None, {}, ())


def test_every_kind_of_change_comes_back(pushed: NewRepository, again: Restore) -> None:
    made = pushed(
        {
            "edited": "1\n2\n3\n", "staged": "1", "gone": "x", "sub/gone": "x", "moved": "content\n" * 9, "mode": "#!x",
            "becomes a link": "x", "directory/a": "x", "windows": "a\r\nb\r\n", "file": "x", "same": "untouched",
        }
    )  # fmt: skip
    work = made.work
    (work / "edited").write_text("1\ntwo\n3\n")
    (work / "staged").write_text("2")
    made.git("add", "staged")
    (work / "staged").write_text("3")
    (work / "gone").unlink()
    (work / "sub/gone").unlink()
    made.git("mv", "moved", "moved elsewhere")
    (work / "mode").chmod(0o755)
    (work / "becomes a link").unlink()
    (work / "becomes a link").symlink_to("same")
    (work / "directory/a").unlink()
    (work / "directory").rmdir()
    (work / "directory").symlink_to("/etc")
    (work / "windows").write_bytes(b"a\r\nc\r\nb\n")
    (work / "file").unlink()
    (work / "file").mkdir()
    (work / "file/now a directory").write_text("x")
    (work / "binary").write_bytes(bytes(range(256)) * 9)
    (work / "latin").write_bytes("größer\n".encode("latin-1"))
    (work / "empty").touch()
    (work / "dangling").symlink_to("nowhere/at all")

    found = again(work, repository=made.url)

    assert found.tree == tree(work)
    assert found.planned.dirty
    assert found.planned.bundles == {}
    assert b"-2\n+two\n" in found.patch


def test_files_with_odd_names_come_back(pushed: NewRepository, again: Restore) -> None:
    made = pushed({"ä b": "1", 'quo"te': "1"})
    for name in (
        b"sp ace",
        "ümläut".encode(),
        b"\xe9 is no UTF-8",
        b'q"\\uote',
        b"tab\tand\nline",
        b"-option",
        b":colon",
    ):
        Path(os.fsdecode(os.fsencode(made.work) + b"/" + name)).write_bytes(name)
    (made.work / "ä b").write_text("2")
    (made.work / 'quo"te').unlink()

    assert again(made.work, repository=made.url).tree == tree(made.work)


def test_what_is_ignored_is_not_kept(pushed: NewRepository, again: Restore, home: Path) -> None:
    made = pushed({".gitignore": "ignored/\n*.log\n"})
    excludes = home / "excludes"
    excludes.write_text("*.swp\n")
    made.git("config", "core.excludesFile", str(excludes))
    (made.work / ".git/info/exclude").write_text("private\n")
    for name in (
        "ignored/x",
        "a.log",
        "b.swp",
        "private",
        "mlruns/0/meta.yaml",
        "pkg/__pycache__/a.pyc",
        "wanted",
    ):
        (made.work / name).parent.mkdir(parents=True, exist_ok=True)
        (made.work / name).write_text("x")

    found = again(made.work, repository=made.url)

    assert found.tree.keys() == {b".gitignore", b"MLproject", b"wanted"}
    assert found.planned.left_out == ()


def test_the_store_of_the_run_is_not_part_of_its_code(
    pushed: NewRepository, settings: Settings, tmp_path: Path
) -> None:
    made = pushed()
    inside = replace(
        settings,
        home=made.work / "kept",
        cache=made.work / "kept/cache",
        artifact_root=(made.work / "files").as_uri(),
        tracking_uri=f"sqlite:///{made.work}/runs.db",
    )
    for name in ("kept/cache/x", "files/0/x", "runs.db", "runs.db-wal"):
        (made.work / name).parent.mkdir(parents=True, exist_ok=True)
        (made.work / name).write_text("x")

    with planned(made.work, inside) as (source, capture):
        assert (source.patch, capture.left_out) == (None, ())


def test_large_files_are_left_out_by_name_and_the_rest_is_kept(
    pushed: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = pushed({"tracked": "x"})
    small = replace(settings, capture_limit=5_000)
    (made.work / "tracked").write_text("y" * 2_000)  # larger than one untracked file may be
    (made.work / "large").write_text("z" * 1_001)
    for number in range(4):
        (made.work / f"part{number}").write_text("p" * (900 + number))
    (made.work / "secret").write_text("x")
    (made.work / "code.py").write_text("print()")

    found = restore(made.work, small, elsewhere, repository=made.url)

    assert found.tree.keys() >= {b"tracked", b"code.py", b"part0", b"part2"}
    assert not {b"large", b"part3"} & found.tree.keys()
    assert found.tree[b"tracked"][1] == b"y" * 2_000
    assert [text.split(" ")[0] for text in found.planned.left_out] == ["large", "part3:"]


def test_files_with_secrets_are_left_out_by_name_and_an_address_without_a_login_is_kept(
    pushed: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = pushed({"tracked.yaml": "channels: []\n"})
    (made.work / ".env").write_text("KEY=s3cr3t")
    (made.work / "id_ed25519").write_text("s3cr3t")
    (made.work / "tracked.yaml").write_text("channels: ['https://ann:s3cr3t@host/channel']\n")
    (made.work / "open.yaml").write_text(
        "channels: ['https://host/channel', 'https://${USER}:${PASSWORD}@host']\n"
    )

    found = restore(made.work, settings, elsewhere, repository=made.url)

    assert sorted(text.split(" ")[0] for text in found.planned.left_out) == [
        ".env",
        "id_ed25519",
        "tracked.yaml",
    ]
    assert found.tree[b"open.yaml"][1] == (made.work / "open.yaml").read_bytes()
    assert found.tree[b"tracked.yaml"][1] == b"channels: []\n"
    assert b"s3cr3t" not in found.patch


def test_the_configuration_of_the_person_does_not_disturb_the_patch(
    pushed: NewRepository, again: Restore, home: Path
) -> None:
    made = pushed(
        {
            ".gitattributes": "*.dat filter=upper\n*.nb diff=nb\n*.txt text\n",
            "a.dat": "old",
            "a.nb": "1\n",
            "a.txt": "1\n2\n",
        }
    )
    (home / ".gitconfig").write_text(
        f"""
[diff]
    noprefix = true
    mnemonicPrefix = true
    external = touch {home}/started; false
    renames = copies
    ignoreSubmodules = all
[color]
    ui = always
[core]
    autocrlf = true
    quotePath = false
    pager = touch {home}/started
[status]
    showUntrackedFiles = no
[apply]
    whitespace = fix
[diff "nb"]
    textconv = touch {home}/started; echo
    command = touch {home}/started; false
[filter "upper"]
    clean = tr a-z A-Z
    smudge = tr A-Z a-z
    required = true
"""
    )
    (made.work / "a.dat").write_text("Newer, and No Capitals")
    (made.work / "a.nb").write_text("2\n")
    (made.work / "a.txt").write_bytes(b"1\n2 \t \r\n3\n")
    (made.work / "ünew.txt").write_bytes(b"1\r\n2\n  \n")

    found = again(made.work, repository=made.url)

    changed = {"a.dat", "a.nb", "a.txt", "ünew.txt"}
    assert {name: found.tree[name.encode()][1] for name in changed} == {
        name: (made.work / name).read_bytes() for name in changed
    }
    assert not (home / "started").exists()


def test_a_pointer_of_git_lfs_comes_back_as_the_pointer_that_it_was(
    pushed: NewRepository, again: Restore
) -> None:
    made = pushed({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    made.git("config", "filter.lfs.smudge", "echo smudged")
    made.git("config", "filter.lfs.clean", "echo cleaned")
    (made.work / "pointer.bin").write_text(POINTER)
    (made.work / "content.bin").write_bytes(b"\0content")

    found = again(made.work, repository=made.url)

    assert found.tree[b"pointer.bin"] == ("file", POINTER.encode())
    assert found.tree[b"content.bin"] == ("file", b"\0content")


def test_the_working_copy_is_bit_for_bit_as_it_was(pushed: NewRepository, settings: Settings) -> None:
    made = pushed({"a": "1", "b": "2"})
    made.commit({"c": "unknown to the remote"})
    (made.work / "a").write_text("changed")
    made.git("add", "a")
    (made.work / "b").unlink()
    (made.work / "new").write_text("x")
    os.utime(made.work / "c")  # git would like to refresh its index
    before = everything_about(made.work)

    with planned(made.work, settings) as (source, capture):
        assert source.patch
        assert capture.bundles
        files = [capture.patch, *capture.bundles.values()]

    assert everything_about(made.work) == before
    assert not any(file and file.exists() for file in files)


def test_a_run_in_a_subdirectory_keeps_the_whole_repository(pushed: NewRepository, again: Restore) -> None:
    made = pushed({f"train/{name}": text for name, text in PROJECT.items()} | {"lib": "1"})
    (made.work / "lib").write_text("2")

    found = again(made.work / "train", repository=made.url)

    assert found.planned.below == "train"
    assert found.tree == tree(made.work)
    assert found.checkout.path == found.checkout.root / "train"


def test_a_linked_worktree_is_captured_like_any_other(
    pushed: NewRepository, again: Restore, tmp_path: Path
) -> None:
    made = pushed({"a": "1"})
    made.git("worktree", "add", "-q", "-b", "side", tmp_path / "linked")
    (tmp_path / "linked/a").write_text("2")

    assert again(tmp_path / "linked", repository=made.url).tree == tree(tmp_path / "linked")


def test_a_conflict_that_is_not_resolved_is_kept_as_it_stands(pushed: NewRepository, again: Restore) -> None:
    made = pushed({"a": "1\n"})
    made.commit({"a": "2\n"}, branch="side")
    made.git("checkout", "-q", "main")
    made.commit({"a": "3\n"})
    with pytest.raises(subprocess.CalledProcessError):
        made.git("merge", "side")

    found = again(made.work, repository=made.url)

    assert b"<<<<<<<" in found.tree[b"a"][1]
    assert found.tree == tree(made.work)


# commits that nobody else has ----------------------------------------------------------------------------------
def test_commits_that_were_not_pushed_are_kept_on_top_of_those_that_were(
    pushed: NewRepository, again: Restore, served: Path
) -> None:
    made = pushed({"large": "".join(f"{number}\n" for number in range(20_000))})
    for text in ("2", "3"):
        (made.work / "a").write_text(text)
        made.git("add", "-A")
        made.git("commit", "-qm", text)
    (made.work / "a").write_text("4")

    with git_daemon(served) as url:
        found = again(made.work, repository=f"{url}/repo.git")

    assert found.tree == tree(made.work)
    assert found.planned.commit == made.git("rev-parse", "HEAD")
    assert found.planned.bundles.keys() == {""}


@pytest.mark.parametrize("head", ["main", "--detach"])
def test_without_a_remote_all_commits_are_kept(repository: NewRepository, again: Restore, head: str) -> None:
    made = repository({**PROJECT, "a": "1"})
    made.git("checkout", "-q", head)

    found = again(made.work)

    assert found.tree == tree(made.work)
    assert found.planned.patch is None
    assert found.planned.bundles.keys() == {""}


def test_a_commit_on_any_branch_of_the_remote_needs_no_bundle(
    pushed: NewRepository, settings: Settings
) -> None:
    made = pushed()
    made.git("checkout", "-q", "--detach")

    with planned(made.work, settings) as (_, capture):
        assert capture == Capture()


def test_too_many_commits_are_left_out_with_a_note(repository: NewRepository, settings: Settings) -> None:
    made = repository({**PROJECT, "a": os.urandom(9_000).hex()})

    with planned(made.work, replace(settings, capture_limit=2_000)) as (source, _):
        assert source.bundles == {}
        assert source.left_out[0].startswith("the commits that no remote has are ")


# without commits -----------------------------------------------------------------------------------------------
def test_a_repository_without_a_commit_is_kept_whole(again: Restore, files: Files) -> None:
    top = files({**PROJECT, ".gitignore": "x", "x": "ignored", "a/b": "1", "staged": "1"})
    subprocess.run(["git", "init", "-q", top], check=True)
    subprocess.run(["git", "-C", top, "add", "staged"], check=True)
    (top / "staged").write_text("2")

    found = again(top)

    assert found.tree == {name: entry for name, entry in tree(top).items() if name != b"x"}
    assert found.planned.commit is None


def test_a_directory_without_git_is_kept_whole_but_for_what_nobody_wants(
    again: Restore, files: Files
) -> None:
    top = files({**PROJECT, "a/b": "1", "run.sh": "#!", ".gitignore": "*.tmp\n", "c.tmp": ""})
    wanted = tree(top).keys() - {b"c.tmp"}
    (top / "run.sh").chmod(0o755)
    for name in (".venv/bin/python", "a/__pycache__/b.pyc", "node_modules/x/y", "mlruns/0/x"):
        (top / name).parent.mkdir(parents=True)
        (top / name).write_text("x")

    found = again(top)

    assert found.tree.keys() == wanted
    assert found.tree[b"run.sh"][0] == "x"
    assert (found.planned.dirty, found.checkout.commit) == (None, None)


def test_many_files_come_back_and_their_patch_can_be_read(again: Restore, files: Files) -> None:
    top = files({**PROJECT, "empty": "", **{f"d/{number}.txt": f"{number}\n" for number in range(300)}})

    found = again(top)

    assert found.tree == tree(top)
    assert b"+299\n" in found.patch


def test_a_repository_inside_that_is_no_submodule_counts_as_files(again: Restore, files: Files) -> None:
    top = files({**PROJECT, "nested/a": "1", "nested/.gitignore": "x", "nested/x": "1"})
    subprocess.run(["git", "init", "-q", top / "nested"], check=True)

    found = again(top)

    assert found.tree.keys() == {b"MLproject", b"nested/a", b"nested/.gitignore"}


def test_without_the_program_git_nothing_is_kept_and_it_is_said(files: Files, settings: Settings) -> None:
    with planned(files(PROJECT), replace(settings, environ={"PATH": "/nowhere"})) as (source, capture):
        assert capture.patch is None
        assert "git" in source.left_out[0]


# submodules ----------------------------------------------------------------------------------------------------
def clone_with_submodules(base: str, pushed: NewRepository, tmp_path: Path) -> Repository:
    """top > libs/mïddle > deep, cloned from a server."""
    made = None
    for name, files, inner, path in (
        ("deep", {"d": "1\n"}, "", ""),
        ("middle", {"m": "1\n"}, "deep", "deep"),
        ("top", {**PROJECT, "t": "1\n"}, "middle", "libs/mïddle"),
    ):
        made = pushed(files, name)
        if inner:
            made.git("submodule", "add", "-q", f"{base}/{inner}.git", path)
            made.commit({})
    assert made is not None
    work = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--recurse-submodules", f"{base}/top.git", work], check=True)
    return Repository(work, made.bare)


def test_submodules_come_back_at_their_commits(
    base: str, pushed: NewRepository, again: Restore, tmp_path: Path
) -> None:
    made = clone_with_submodules(base, pushed, tmp_path)

    found = again(made.work, repository=f"{base}/top.git")

    assert found.planned.submodules.keys() == {"libs/mïddle", "libs/mïddle/deep"}
    assert (found.planned.patch, found.planned.bundles) == (None, {})
    assert found.tree == tree(made.work)


def test_changes_in_submodules_come_back_in_one_patch_even_from_commits_that_nobody_has(
    base: str, pushed: NewRepository, again: Restore, tmp_path: Path
) -> None:
    made = clone_with_submodules(base, pushed, tmp_path)
    middle = Repository(made.work / "libs/mïddle", made.bare)
    deep = Repository(middle.work / "deep", made.bare)
    (deep.work / "committed").write_text("here only")
    deep.git("add", "-A")
    deep.git("commit", "-qm", "not pushed")
    (deep.work / "d").write_text("2\n")
    (deep.work / "new").symlink_to("d")
    (middle.work / "m").unlink()
    (made.work / "t").write_text("2\n")

    before = everything_about(made.work)
    found = again(made.work, repository=f"{base}/top.git")

    assert found.tree == tree(made.work)
    assert found.planned.submodules["libs/mïddle/deep"] == deep.git("rev-parse", "HEAD")
    assert found.planned.bundles.keys() == {"libs/mïddle/deep"}
    assert everything_about(made.work) == before


def test_a_submodule_that_was_never_committed_counts_as_files(
    base: str, pushed: NewRepository, again: Restore
) -> None:
    inner, made = pushed({"i": "1"}, "inner"), pushed({"t": "1"}, "top")
    made.git("submodule", "add", "-q", f"{base}/{inner.bare.name}", "inner")

    found = again(made.work, repository=f"{base}/top.git")

    assert found.planned.submodules == {}
    assert found.tree == tree(made.work)


# other sources -------------------------------------------------------------------------------------------------
def test_of_a_repository_that_is_named_by_its_address_nothing_is_kept(
    repository: NewRepository, settings: Settings
) -> None:
    made = repository(PROJECT)

    with planned(made.url, settings) as (_, capture):
        assert capture == Capture()


def test_what_is_kept_lives_as_long_as_the_block(files: Files, settings: Settings) -> None:
    source = parse(str(files(PROJECT)), cwd=Path.cwd())
    with (
        checkout(source, settings=settings, phase=Phase("source")) as found,
        kept(source, found, settings=settings) as capture,
    ):
        patch = capture.patch
        assert patch is not None
        assert patch.exists()
    assert not patch.exists()
