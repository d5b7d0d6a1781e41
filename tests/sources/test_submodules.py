"""Repositories inside repositories, and files kept in Git LFS."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.model import GitSource
from runner.sources.populate import submodule_source
from tests.sources.conftest import Look, NewRepository, Repository
from tests.sources.servers import smart_http

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


def add_submodule(outer: Repository, inner: Repository, path: str, url: str, *, extra: str = "") -> str:
    commit = inner.git("rev-parse", "HEAD")
    modules = outer.work / ".gitmodules"
    before = modules.read_text() if modules.exists() else ""
    modules.write_text(f'{before}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n{extra}')
    outer.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    outer.git("add", ".gitmodules")
    outer.git("commit", "-qm", "add a submodule")
    outer.push()
    return commit


def test_submodules_come_along_with_their_own_and_are_recorded(
    base: str, repository: NewRepository, look: Look
) -> None:
    deep, middle, top = (repository({name: name}, name) for name in ("deep", "middle", "top"))
    in_deep = add_submodule(middle, deep, "libs/deep", "../deep.git")
    in_middle = add_submodule(top, middle, "middle", f"{base}/middle.git")
    deep.commit({"deep": "newer, and not asked for"})

    found = look(f"{base}/top.git")

    assert found.submodules == (("middle", in_middle), ("middle/libs/deep", in_deep))
    assert (found.root / "middle/libs/deep/deep").read_text() == "deep"
    assert list(found.root.rglob(".git")) == []


def test_a_checkout_with_submodules_is_cached_whole(
    served: Path, repository: NewRepository, look: Look
) -> None:
    inner, outer = repository({"x": "1"}, "inner"), repository({"y": "1"}, "outer")
    add_submodule(outer, inner, "inner", "../inner.git")
    commit = outer.git("rev-parse", "HEAD")
    with smart_http(served, login=("me", "secret")) as base:
        cold = look(base.replace("//", "//me:secret@") + "/outer.git", commit)

    assert look(f"{base}/outer.git", commit) == cold


def test_an_old_commit_whose_submodule_left_its_branch_still_works(
    base: str, repository: NewRepository, look: Look
) -> None:
    inner, outer = repository({"x": "old"}, "inner"), repository({"y": "1"}, "outer")
    add_submodule(outer, inner, "inner", "../inner.git")
    inner.commit({"x": "new"})

    assert (look(f"{base}/outer.git").root / "inner/x").read_text() == "old"


def test_a_submodule_in_the_local_file_system_is_refused_as_git_does(
    repository: NewRepository, look: Look
) -> None:
    inner, outer = repository({"x": "1"}, "inner"), repository({"y": "1"}, "outer")
    add_submodule(outer, inner, "inner", str(inner.bare))

    with pytest.raises(
        SourceError, match=r"submodule inner: .* does not allow this kind of address"
    ) as caught:
        look(outer.url)

    assert "protocol.allow" in str(caught.value.hint)


@pytest.mark.parametrize("url", ["ext::sh -c touch% x", "--upload-pack=touch x", "-x"])
def test_a_submodule_with_a_dangerous_address_is_refused(
    repository: NewRepository, look: Look, url: str
) -> None:
    inner, outer = repository({"x": "1"}, "inner"), repository({"y": "1"}, "outer")
    add_submodule(outer, inner, "inner", url)

    with pytest.raises(SourceError, match=r"submodule inner: the address .* is refused"):
        look(outer.url)


def test_a_submodule_that_wants_no_update_or_has_no_entry_stays_empty(
    base: str, repository: NewRepository, look: Look
) -> None:
    inner, outer = repository({"x": "1"}, "inner"), repository({"y": "1"}, "outer")
    add_submodule(outer, inner, "inner", "../inner.git", extra="\tupdate = none\n")
    outer.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},unknown")
    outer.git("commit", "-qm", "x")
    outer.push()

    found = look(f"{base}/outer.git")

    assert found.submodules == ()
    assert list((found.root / "inner").iterdir()) == []


def test_a_submodule_without_any_declaration_stays_empty(repository: NewRepository, look: Look) -> None:
    outer = repository({"y": "1"}, "outer")
    outer.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},unknown")
    outer.git("commit", "-qm", "x")
    outer.push()

    assert look(outer.url).submodules == ()


def test_a_repository_may_hold_an_older_self(base: str, repository: NewRepository, look: Look) -> None:
    made = repository({"x": "1"}, "self")
    add_submodule(made, made, "self", "../self.git")

    assert (look(f"{base}/self.git").root / "self/x").read_text() == "1"


def test_too_many_repositories_inside_each_other_are_refused(
    base: str, repository: NewRepository, look: Look
) -> None:
    made = repository({"x": "1"}, "self")
    for _ in range(18):
        (made.work / ".gitmodules").unlink(missing_ok=True)
        add_submodule(made, made, "self", "./")

    with pytest.raises(SourceError, match="submodule self: more than 16 repositories"):
        look(f"{base}/self.git")


@pytest.mark.parametrize(
    ("parent", "url", "whole"),
    [
        ("https://h/team/a.git", "../b.git", "https://h/team/b.git"),
        ("https://h/team/a.git/", "../../other/b", "https://h/other/b"),
        ("https://h/team/a.git", "./b", "https://h/team/a.git/b"),
        ("git@h:team/a.git", "../b.git", "git@h:team/b.git"),
        ("git@h:a.git", "../b.git", "git@h:b.git"),
        ("https://h/a", "https://me:secret@other/b", "https://other/b"),
        ("https://h/a", "/srv/b", "file:///srv/b"),
    ],
)
def test_the_address_of_a_submodule_counts_from_its_parent(parent: str, url: str, whole: str) -> None:
    assert submodule_source(GitSource(url=parent), url, "1" * 40).url == whole


# Git LFS -------------------------------------------------------------------------------------------------------
def test_files_in_lfs_without_git_lfs_are_an_error_that_says_so(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    git_only = replace(settings, environ={**settings.environ, "PATH": without_lfs(settings)})
    made = repository(
        {
            ".gitattributes": "*.bin filter=lfs -text\n",
            "a.bin": POINTER,
            "b.bin": POINTER,
            "c.bin": "x" * 2000,
        }
    )

    with pytest.raises(SourceError, match=r"keeps a.bin and 1 more in Git LFS") as caught:
        look(made.url, settings=git_only)

    assert caught.value.hint is not None
    assert caught.value.hint.startswith("install git-lfs")
    skipping = replace(git_only, environ={**git_only.environ, "GIT_LFS_SKIP_SMUDGE": "1"})
    assert (look(made.url, settings=skipping).root / "a.bin").read_text() == POINTER


def test_files_in_lfs_are_fetched_by_git_lfs(
    repository: NewRepository, look: Look, settings: Settings, tmp_path: Path
) -> None:
    """A program named git-lfs that does what the filter has to do: pointer in, content out."""
    program = tmp_path / "bin" / "git-lfs"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = smudge ] || exit 1\n'
        '[ "$(git config remote.origin.url)" ] || exit 2\n'
        "cat > /dev/null; echo content of $3\n"
    )
    program.chmod(0o755)
    path = f"{program.parent}:{without_lfs(settings)}"
    (tmp_path / "home" / ".gitconfig").write_text(
        '[filter "lfs"]\nsmudge = git-lfs smudge -- %f\nrequired = true\n'
    )
    made = repository({".gitattributes": "*.bin filter=lfs -text\n"})
    (made.work / "a.bin").write_text(POINTER)
    made.git("add", "-A")
    made.git("commit", "-qm", "x")
    made.push()

    found = look(made.url, settings=replace(settings, environ={**settings.environ, "PATH": path}))

    assert (found.root / "a.bin").read_text() == "content of a.bin\n"


def without_lfs(settings: Settings) -> str:
    """PATH without the directories that hold git-lfs (where git is elsewhere)."""
    return ":".join(
        part for part in settings.environ["PATH"].split(":") if not (Path(part) / "git-lfs").exists()
    )
