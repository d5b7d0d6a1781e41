"""Code that was kept with a run, on a machine that has nothing else: from where it comes, and what is refused."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.files import file_digest
from runner.launch.captured_source import captured_source
from runner.launch.plan import PlannedSource
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import dating, obtainable
from runner.sources.model import Capture, CapturedSource
from tests.conftest import Files
from tests.sources.conftest import NewRepository
from tests.sources.restoring import PROJECT, Restore, planned, put_back, tree
from tests.sources.servers import answering, smart_http

Refused = Callable[[CapturedSource], SourceError]


@pytest.fixture
def refused(elsewhere: Settings) -> Refused:
    """Why a tree cannot be made; nothing of it is left behind."""

    def refuse(source: CapturedSource) -> SourceError:
        with pytest.raises(SourceError) as caught, put_back(source, elsewhere):
            pass
        assert list(elsewhere.cache.glob("captured/*/pristine*")) == []
        return caught.value

    return refuse


def zip_file(path: Path, files: Mapping[str, str]) -> Path:
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def reason(source: CapturedSource, settings: Settings) -> str | None:
    return obtainable(source, settings=settings, phase=Phase("source"))


# where the commit comes from -----------------------------------------------------------------------------------
def test_the_working_copy_itself_has_the_commit_where_it_still_is(
    repository: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = repository({**PROJECT, "a": "1"})
    with planned(made.work, settings) as (source, _):
        pass
    made.commit({"a": "2"})
    code = captured_source(replace(source, bundles={}), Capture())

    with put_back(code, elsewhere) as found:
        assert (found.root / "a").read_text() == "1"
    assert found.commit == source.commit


def test_commits_on_top_of_others_need_the_others(
    pushed: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = pushed()
    made.git("commit", "--allow-empty", "-qm", "not pushed")
    with planned(made.work, settings) as (source, capture):
        code = captured_source(replace(source, uri="/gone", repository=None), capture)

        assert "no repository is known" in str(reason(code, elsewhere))


def test_repositories_are_asked_in_turn(
    pushed: NewRepository, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    made = pushed()
    subprocess.run(["git", "init", "-q", tmp_path / "empty"], check=True)
    with planned(made.work, settings) as (source, _):
        two = captured_source(replace(source, uri=str(tmp_path / "empty"), repository=made.url), Capture())

    assert len(two.repositories) == 2
    assert reason(two, elsewhere) is None
    with put_back(two, elsewhere) as found:
        assert found.root.name == "empty"


def test_a_commit_that_is_nowhere_is_named_with_each_reason(
    pushed: NewRepository, settings: Settings, elsewhere: Settings, refused: Refused, tmp_path: Path
) -> None:
    made = pushed()
    with planned(made.work, settings) as (source, _):
        code = captured_source(
            replace(source, uri="/gone/project", repository=str(tmp_path / "away")), Capture()
        )
        nowhere = captured_source(replace(source, uri="/gone/project", repository=None), Capture())

    error = refused(code)

    assert f"commit {str(source.commit)[:10]} of /gone/project cannot be had: " in error.message
    assert f"there is no Git repository at {(tmp_path / 'away').as_uri()}" in error.message
    assert "no repository is known" in str(reason(nowhere, elsewhere))


def test_offline_a_tree_that_was_made_before_is_there(
    pushed: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = pushed({"a": "1"})
    (made.work / "a").write_text("2")
    offline = replace(elsewhere, offline=True)
    with planned(made.work, settings) as (source, capture):
        code = captured_source(replace(source, uri="/gone/project", repository=made.url), capture)
        assert "offline" in str(reason(code, offline))
        with put_back(code, elsewhere):
            pass

        with put_back(code, offline) as found:
            assert (found.root / "a").read_text() == "2"
        assert reason(code, offline) is None
        assert dating.committed(code, source.commit, settings=offline).year > 2000


def test_a_commit_that_was_pushed_later_is_had_without_its_bundle(
    pushed: NewRepository, settings: Settings, elsewhere: Settings
) -> None:
    made = pushed()
    (made.work / "a").write_text("1")
    made.git("add", "-A")
    made.git("commit", "-qm", "not pushed yet")
    with planned(made.work, settings) as (source, _):
        code = captured_source(replace(source, uri="/gone", repository=made.url, bundles={}), Capture())
    assert "no commit" in str(reason(code, elsewhere))
    made.push()

    assert reason(code, elsewhere) is None


def test_a_program_that_writes_into_the_tree_does_not_change_the_next_one(
    again: Restore, files: Files, elsewhere: Settings, settings: Settings
) -> None:
    top = files({**PROJECT, "a": "1"})
    with planned(top, settings) as (source, capture):
        code = captured_source(source, capture)
        with put_back(code, elsewhere) as found:
            (found.root / "a").write_text("spoilt")
            (found.root / "more").write_text("x")

        with put_back(code, elsewhere) as found:
            assert tree(found.root) == tree(top)


def test_the_login_of_an_address_is_not_recorded_and_the_credential_helper_is_asked(
    pushed: NewRepository, settings: Settings, elsewhere: Settings, served: Path, home: Path
) -> None:
    made = pushed()
    with smart_http(served, login=("me", "secret")) as url:
        made.git("remote", "set-url", "origin", url.replace("//", "//me:secret@") + "/repo.git")
        with planned(made.work, settings) as (source, capture):
            code = captured_source(replace(source, uri="/gone/project"), capture)
        assert source.repository == f"{url}/repo.git"
        assert "login" in str(reason(code, elsewhere))
        (home / ".gitconfig").write_text(
            '[credential]\n\thelper = "!f() { echo username=me; echo password=secret; }; f"\n'
        )

        assert reason(code, elsewhere) is None


# what is refused -----------------------------------------------------------------------------------------------
NEW = "new file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n"
LINK = (
    "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n"
    "@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
)


@pytest.mark.parametrize(
    "path", ["../outside", "/outside", ".git/hooks/pre-commit", "a/../../outside", "a/.git/config"]
)
def test_a_patch_that_leads_out_of_the_tree_is_refused(tmp_path: Path, refused: Refused, path: str) -> None:
    patch = tmp_path / "patch.diff"
    patch.write_text(f"diff --git a/{path} b/{path}\n{NEW.format(path=path)}")

    error = refused(CapturedSource(uri="/gone", capture=Capture(patch=patch)))

    assert "is refused" in error.message
    assert list(tmp_path.rglob("outside")) == []


def test_a_patch_that_writes_through_its_own_link_is_refused(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "outside").mkdir()
    patch = tmp_path / "patch.diff"
    patch.write_text(
        LINK.format(target=tmp_path / "outside")
        + f"diff --git a/link/x b/link/x\n{NEW.format(path='link/x')}"
    )

    error = refused(CapturedSource(uri="/gone", capture=Capture(patch=patch)))

    assert "is refused" in error.message
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_patch_that_writes_through_a_link_of_the_commit_is_refused(
    repository: NewRepository, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    made = repository(PROJECT)
    (made.work / "link").symlink_to(tmp_path / "outside")
    commit = made.commit({})
    patch = tmp_path / "patch.diff"
    patch.write_text(f"diff --git a/link/x b/link/x\n{NEW.format(path='link/x')}")
    source = PlannedSource(kind="git", uri=made.url, commit=commit, patch=file_digest(patch))

    refused(captured_source(source, Capture(patch=patch)))

    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "no patch at all\n", "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n"]
)
def test_a_patch_that_does_not_fit_is_refused(tmp_path: Path, refused: Refused, text: str) -> None:
    patch = tmp_path / "patch.diff"
    patch.write_text(text)

    assert "does not fit" in refused(CapturedSource(uri="/gone", capture=Capture(patch=patch))).message


def test_what_was_altered_is_refused(pushed: NewRepository, settings: Settings, tmp_path: Path) -> None:
    made = pushed()
    made.git("commit", "--allow-empty", "-qm", "not pushed")
    (made.work / "a").write_text("1")
    other = tmp_path / "other"
    other.write_text("something else")
    with planned(made.work, settings) as (source, capture):
        for altered in (
            replace(capture, patch=other),
            replace(capture, bundles={"": other}),
            Capture(),
        ):
            with pytest.raises(SourceError, match=r"kept with the run, was altered: sha256"):
                captured_source(source, altered)


def test_a_bundle_of_something_else_is_refused(
    repository: NewRepository, tmp_path: Path, refused: Refused
) -> None:
    made, other = repository(PROJECT), repository({"x": "1"}, "other")
    bundle, broken = tmp_path / "0.bundle", tmp_path / "broken.bundle"
    other.git("bundle", "create", bundle, "HEAD")
    broken.write_bytes(bundle.read_bytes()[:-30])
    commit = made.git("rev-parse", "HEAD")

    for file, words in (
        (broken, "broken.bundle is damaged"),
        (bundle, "does not hold the commit"),
        (zip_file(tmp_path / "z", {}), "no git bundle"),
    ):
        source = PlannedSource(kind="directory", uri="/gone", commit=commit, bundles={"": file_digest(file)})
        assert words in refused(captured_source(source, Capture(bundles={"": file}))).message


@pytest.mark.parametrize("kind", ["directory", "git"])
@pytest.mark.parametrize("place", ["ext::sh -c true", "--upload-pack=true", "foo://host/x", "evil\nline"])
def test_addresses_that_git_may_not_be_given_do_not_reach_it(
    place: str, kind: str, elsewhere: Settings
) -> None:
    uri = place if kind == "git" else "/gone"
    source = captured_source(PlannedSource(kind=kind, uri=uri, commit="0" * 40, repository=place), Capture())

    assert source.repositories == ()
    assert "no repository is known" in str(reason(source, elsewhere))


@pytest.mark.parametrize(
    "changed",
    [{"commit": "--all"}, {"submodules": {"a": "HEAD"}}, {"subdirectory": "../x"}, {"below": "/etc"}],
)
def test_a_record_that_is_damaged_is_refused(changed: Mapping[str, object]) -> None:
    source = replace(PlannedSource(kind="git", uri="https://host/x.git", commit="0" * 40), **changed)

    with pytest.raises(SourceError, match="damaged"):
        captured_source(source, Capture())


def test_where_nothing_was_kept_it_says_so(elsewhere: Settings, refused: Refused) -> None:
    source = CapturedSource(uri="/gone/project")

    assert reason(source, elsewhere) == "nothing was kept of the code of /gone/project"
    assert refused(source).message == "nothing was kept of the code of /gone/project"


# zip files -----------------------------------------------------------------------------------------------------
def test_a_zip_file_is_kept_and_unpacked_again(files: Files, again: Restore, tmp_path: Path) -> None:
    file = zip_file(tmp_path / "demo.zip", {f"demo-1.0/{name}": text for name, text in PROJECT.items()})

    found = again(file)

    assert found.planned.subdirectory == "demo-1.0"
    assert found.checkout.path == found.checkout.root / "demo-1.0"
    assert found.tree.keys() == {b"demo-1.0/MLproject"}


def test_a_zip_file_that_was_not_kept_must_be_what_it_was(
    settings: Settings, elsewhere: Settings, refused: Refused, tmp_path: Path
) -> None:
    content = zip_file(tmp_path / "demo.zip", PROJECT).read_bytes()

    with answering(lambda request: answer(request, content)) as url:
        with planned(f"{url}/demo.zip", replace(settings, capture_limit=10)) as (source, capture):
            assert capture.archive is None
            assert "demo.zip has " in source.left_out[0]
            code = captured_source(source, capture)
        assert reason(code, elsewhere) is None
        with put_back(code, elsewhere) as found:
            assert found.digest == source.digest
        content = zip_file(tmp_path / "demo.zip", {**PROJECT, "more": ""}).read_bytes()

        assert "is another file now" in str(reason(code, elsewhere))


def answer(request: object, content: bytes) -> None:
    request.send_response(200)  # type: ignore[attr-defined]
    request.send_header("Content-Length", str(len(content)))  # type: ignore[attr-defined]
    request.end_headers()  # type: ignore[attr-defined]
    request.wfile.write(content)  # type: ignore[attr-defined]


def test_a_zip_file_that_is_gone_says_so(elsewhere: Settings) -> None:
    source = PlannedSource(kind="archive", uri="/gone/demo.zip", digest=f"sha256:{'0' * 64}")

    assert "/gone/demo.zip was not kept" in str(reason(captured_source(source, Capture()), elsewhere))
