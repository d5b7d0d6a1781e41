"""Git sources, over files, git daemon and smart HTTP: refs, cache, network or none."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout, parse
from runner.sources.mirror import mirror_of
from runner.sources.model import GitSource
from tests.sources.conftest import Look, NewRepository, Repository
from tests.sources.servers import git_daemon, smart_http

Serve = Callable[[], str]


@pytest.fixture(params=["file", "daemon", "http"])
def base(request: pytest.FixtureRequest, served: Path) -> Iterator[str]:
    """URL of the directory `served`, by each transport."""
    with ExitStack() as stack:
        match request.param:
            case "file":
                yield served.as_uri()
            case "daemon":
                yield stack.enter_context(git_daemon(served))
            case _:
                yield stack.enter_context(smart_http(served))


@pytest.fixture
def history(repository: NewRepository) -> Repository:
    """Three commits on main, a branch with a slash, a tag of each kind."""
    made = repository({"MLproject": "name: one", "v1.0/x/file": "1"})
    made.git("tag", "light")
    made.git("-c", "user.name=A", "-c", "user.email=a@example.org", "tag", "-a", "v1.0", "-m", "first")
    made.commit({"MLproject": "name: two"})
    made.commit({"MLproject": "name: feature"}, branch="feature/new")
    made.git("checkout", "-q", "main")
    made.commit({"MLproject": "name: three"})
    return made


def test_every_kind_of_version_gives_its_commit(base: str, history: Repository, look: Look) -> None:
    commits = {
        name: history.git("rev-parse", f"{name}^{{commit}}")
        for name in ("main", "main~1", "v1.0", "feature/new")
    }
    cases = {
        None: commits["main"],
        "HEAD": commits["main"],
        "main": commits["main"],
        "refs/heads/main": commits["main"],
        "heads/main": commits["main"],
        "feature/new": commits["feature/new"],
        "light": commits["v1.0"],
        "v1.0": commits["v1.0"],
        "tags/v1.0": commits["v1.0"],
        commits["main~1"]: commits["main~1"],
        commits["main~1"][:7]: commits["main~1"],
    }
    for version, commit in cases.items():
        found = look(f"{base}/repo.git#v1.0/x", version)

        assert (version, found.commit) == (version, commit)
        assert found.ref == version
        assert found.subdirectory == "v1.0/x"
        assert found.path == found.root / "v1.0/x"
    assert look(f"{base}/repo.git").branch == "main"
    assert look(f"{base}/repo.git", "feature/new").branch == "feature/new"
    assert look(f"{base}/repo.git", "v1.0").branch is None


@pytest.mark.parametrize("digits", [40, 8])
def test_a_pinned_commit_needs_the_server_only_once(
    served: Path, history: Repository, look: Look, digits: int
) -> None:
    for serve in (git_daemon, smart_http):
        commit = history.git("rev-parse", "main~1")
        with serve(served) as base:
            cold = look(f"{base}/repo.git#v1.0/x", commit[:digits])

        warm = look(f"{base}/repo.git#v1.0/x", commit[:digits])

        assert warm == cold
        with pytest.raises(SourceError, match="cannot be reached"):
            look(f"{base}/repo.git")


def test_a_moving_branch_is_followed(base: str, history: Repository, look: Look) -> None:
    before = look(f"{base}/repo.git", "main")

    new = history.commit({"MLproject": "name: four"})

    assert before.commit != new
    assert look(f"{base}/repo.git", "main").commit == new
    assert look(f"{base}/repo.git", before.commit).commit == before.commit


def test_the_tree_is_that_of_the_commit_without_git_in_it(history: Repository, settings: Settings) -> None:
    (history.work / "run.sh").write_text("#!/bin/sh\n")
    (history.work / "run.sh").chmod(0o755)
    (history.work / "link").symlink_to("MLproject")
    history.commit({})

    with checkout(parse(history.url, cwd=Path("/")), settings=settings, phase=Phase("source")) as found:
        names = sorted(path.name for path in found.path.iterdir())

        assert names == ["MLproject", "link", "run.sh", "v1.0"]
        assert found.path.name == "repo"
        assert os.access(found.path / "run.sh", os.X_OK)
        assert (found.path / "link").read_text() == "name: three"
        assert found.dirty is False


def test_a_version_of_a_working_copy_leaves_the_working_copy_alone(
    history: Repository, look: Look, tmp_path: Path
) -> None:
    (history.work / "MLproject").write_text("edited")
    before = {path: path.read_bytes() for path in history.work.rglob("*") if path.is_file()}

    found = look(str(history.work), "v1.0")

    assert found.commit == history.git("rev-parse", "v1.0^{commit}")
    assert {path: path.read_bytes() for path in history.work.rglob("*") if path.is_file()} == before


def test_a_server_that_refuses_commits_is_asked_for_its_refs(
    served: Path, history: Repository, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protocol 0 without uploadpack.allowAnySHA1InWant, as old servers are."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "0")
    settings = Settings.from_environ(os.environ)
    old = history.git("rev-parse", "main~1")
    with git_daemon(served) as base:
        refused = subprocess.run(
            ["git", "-C", str(history.work), "fetch", "--depth=1", f"{base}/repo.git", old],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "unadvertised object" in refused.stderr

        assert look(f"{base}/repo.git", "v1.0", settings=settings).commit == history.git(
            "rev-parse", "v1.0^{commit}"
        )
        assert look(f"{base}/repo.git", old, settings=settings).commit == old
        with pytest.raises(SourceError, match="has no commit"):
            look(f"{base}/repo.git", "0" * 40, settings=settings)


def test_a_commit_outside_branches_and_tags_is_found_by_its_ref(history: Repository, look: Look) -> None:
    commit = history.commit({"MLproject": "name: pull"}, branch="pull")
    history.git("push", "-q", history.bare, "pull:refs/pull/7/head", ":refs/heads/pull")

    assert look(history.url, "refs/pull/7/head").commit == commit
    assert look(history.url, "pull/7/head").commit == commit


def test_a_tag_wins_over_a_branch_of_the_same_name_and_says_so(history: Repository, look: Look) -> None:
    history.git("branch", "v1.0", "main")
    history.push()

    found = look(history.url, "v1.0")

    assert found.commit == history.git("rev-parse", "refs/tags/v1.0^{commit}")
    assert found.notices == ("'v1.0' is a tag and a branch; the tag is used, heads/v1.0 is the branch",)
    assert look(history.url, "heads/v1.0").commit == history.git("rev-parse", "main")


@pytest.mark.parametrize(
    ("version", "hint"),
    [
        ("featur/new", "did you mean 'feature/new'?"),
        ("origin/main", "did you mean 'main'?"),
        ("nothing-like-it", "it has feature/new, light, main, v1.0"),
        ("deadbeef", "it has feature/new, light, main, v1.0"),
    ],
)
def test_an_unknown_version_names_those_that_are_there(
    history: Repository, look: Look, version: str, hint: str
) -> None:
    with pytest.raises(SourceError, match=f"no branch, tag or commit '{version}'") as caught:
        look(history.url, version)

    assert caught.value.hint == hint


def test_a_commit_that_is_not_there_says_so(base: str, history: Repository, look: Look) -> None:
    with pytest.raises(SourceError, match="has no commit 1111"):
        look(f"{base}/repo.git", "1" * 40)


def test_an_ambiguous_abbreviation_lists_what_it_may_mean(repository: NewRepository, look: Look) -> None:
    made = repository({"a": "1"})
    stream = "".join(
        f"commit refs/heads/b{number}\ncommitter A <a@example.org> {number} +0000\ndata 1\nx\n"
        for number in range(700)
    )
    subprocess.run(["git", "-C", made.bare, "fast-import", "--quiet"], input=stream.encode(), check=True)
    commits = made.git("ls-remote", made.bare, "refs/heads/b*").split()[::2]
    prefix = next(
        commit[:4] for commit in commits if sum(other.startswith(commit[:4]) for other in commits) > 1
    )

    with pytest.raises(SourceError, match=f"{prefix} abbreviates . commits") as caught:
        look(made.url, prefix)

    assert caught.value.hint is not None
    assert caught.value.hint.startswith(f"give more digits: {prefix}")


def test_an_empty_repository_says_so(tmp_path: Path, look: Look) -> None:
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "empty.git"], check=True)

    with pytest.raises(SourceError, match="no default branch"):
        look((tmp_path / "empty.git").as_uri())
    with pytest.raises(SourceError) as caught:
        look((tmp_path / "empty.git").as_uri(), "v1")
    assert caught.value.hint == "it is empty"


def test_a_repository_with_sha256_commits(tmp_path: Path, look: Look, repository: NewRepository) -> None:
    made = repository({"a": "1"})
    other = Repository(tmp_path / "work256", tmp_path / "served" / "256.git")
    for path, options in ((other.work, ()), (other.bare, ("--bare",))):
        subprocess.run(
            ["git", "init", "-q", "-b", "main", "--object-format=sha256", *options, path], check=True
        )
    commit = other.commit({"a": "1"})

    assert len(commit) == 64
    assert look(other.url).commit == commit
    assert look(other.url, commit).commit == commit
    assert look(made.url).commit == made.git("rev-parse", "HEAD")


def test_a_missing_subdirectory_names_the_nearest(history: Repository, look: Look) -> None:
    with pytest.raises(SourceError, match=r"no subdirectory 'v1.0/y'") as caught:
        look(f"{history.url}#v1.0/y")

    assert caught.value.hint == "did you mean 'v1.0/x'?"


def test_a_subdirectory_that_is_a_link_out_of_the_repository_is_refused(
    history: Repository, look: Look, tmp_path: Path
) -> None:
    (history.work / "out").symlink_to(tmp_path)
    history.commit({})

    with pytest.raises(SourceError, match="leads out"):
        look(f"{history.url}#out")


# offline -------------------------------------------------------------------------------------------------------
def test_offline_uses_what_a_ref_named_last_and_says_so(
    history: Repository, look: Look, settings: Settings
) -> None:
    offline = replace(settings, offline=True)
    seen = look(history.url, "main")
    short = look(history.url, history.git("rev-parse", "--short=9", "main~1"))
    history.commit({"MLproject": "name: unseen"})

    found = look(history.url, "main", settings=offline)

    assert found.commit == seen.commit
    assert found.notices == (f"offline: main as last seen, {str(seen.commit)[:10]}",)
    assert look(history.url, str(short.commit), settings=offline).notices == ()
    assert look(history.url, str(seen.commit)[:6], settings=offline).commit == seen.commit


@pytest.mark.parametrize("version", [None, "main", "abcdef1", "1" * 40])
def test_offline_and_unseen_is_an_error(
    history: Repository, look: Look, settings: Settings, version: str | None
) -> None:
    with pytest.raises(SourceError, match=r"offline, and .* is not in the cache"):
        look(history.url, version, settings=replace(settings, offline=True))


def test_a_warm_pinned_commit_starts_no_program_at_all(
    history: Repository, look: Look, settings: Settings
) -> None:
    commit = history.git("rev-parse", "main")
    look(history.url, commit)
    no_programs = replace(settings, environ={**settings.environ, "PATH": "/nowhere"})

    assert look(history.url, commit, settings=no_programs).commit == commit
    with pytest.raises(SourceError, match="needs the program git") as caught:
        look(history.url, "main", settings=no_programs)
    assert caught.value.hint == "install git"


def test_a_damaged_note_of_what_was_seen_is_as_none(
    history: Repository, look: Look, settings: Settings
) -> None:
    look(history.url, "main")
    mirror = mirror_of(GitSource(url=history.url), settings=settings)
    for note in (mirror.home / "known").iterdir():
        note.write_text('{"what": 1}')

    with pytest.raises(SourceError, match="offline"):
        look(history.url, "main", settings=replace(settings, offline=True))
    assert look(history.url, "main").branch == "main"


# access --------------------------------------------------------------------------------------------------------
def test_a_private_repository_is_opened_by_the_login_in_its_address(
    served: Path, history: Repository, look: Look, settings: Settings, tmp_path: Path
) -> None:
    with smart_http(served, login=("me", "s3cr%t")) as base:
        found = look(base.replace("//", "//me:s3cr%25t@") + "/repo.git", "v1.0")

    assert found.uri == found.repository == f"{base}/repo.git"
    kept = [path for path in settings.cache.rglob("*") if path.is_file() and b"s3cr" in path.read_bytes()]
    assert kept == []


def test_a_private_repository_is_opened_by_the_users_credential_helper(
    served: Path, history: Repository, look: Look, home: Path
) -> None:
    (home / ".gitconfig").write_text(f"[credential]\nhelper = store --file={home}/store\n")
    with smart_http(served, login=("me", "secret")) as base:
        (home / "store").write_text(base.replace("//", "//me:secret@") + "\n")

        assert look(f"{base}/repo.git").branch == "main"
        assert look(base.replace("//", "//me@") + "/repo.git").branch == "main"


@pytest.mark.parametrize("login", ["", "me:wrong-secret@", "me@"])
def test_a_refused_login_is_explained_without_asking_or_telling(
    served: Path, history: Repository, look: Look, login: str
) -> None:
    with smart_http(served, login=("me", "secret")) as base, pytest.raises(SourceError) as caught:
        look(base.replace("//", f"//{login}") + "/repo.git")

    assert caught.value.message == f"{base}/repo.git wants a login, or refuses yours"
    assert "wrong-secret" not in str((caught.value.hint, caught.value.detail))


def test_the_password_stands_in_no_argument_list(
    served: Path, history: Repository, settings: Settings, tmp_path: Path
) -> None:
    """A git in front of git writes down how it is called."""
    record = tmp_path / "calls"
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(f'#!/bin/sh\necho "$@" >> {record}\nexec {git} "$@"\n')
    (tmp_path / "bin" / "git").chmod(0o755)
    path = f"{tmp_path / 'bin'}:{settings.environ['PATH']}"
    noted = replace(settings, environ={**settings.environ, "PATH": path})
    with smart_http(served, login=("me", "secret")) as base:
        source = parse(base.replace("//", "//me:secret@") + "/repo.git", cwd=tmp_path)
        with checkout(source, settings=noted, phase=Phase("source")):
            pass

    assert "fetch" in record.read_text()
    assert "secret" not in record.read_text()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://127.0.0.1:1/x.git", "cannot be reached"),
        ("git://127.0.0.1:1/x.git", "cannot be reached"),
        ("https://no-such-host.invalid/x.git", "no such host"),
    ],
)
def test_a_server_that_is_not_there_is_explained(look: Look, url: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        look(url)


def test_a_repository_that_is_not_there_is_explained(base: str, history: Repository, look: Look) -> None:
    with pytest.raises(SourceError, match=r"no Git repository at|there is no directory"):
        look(f"{base}/other.git")


def test_ssh_is_asked_without_questions(
    history: Repository, look: Look, settings: Settings, tmp_path: Path
) -> None:
    """A program in place of ssh tells its options, and then serves the repository."""
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    config = tmp_path / "home" / ".gitconfig"
    config.write_text(f"[core]\nsshCommand = {ssh} -F none\n")

    found = look(f"me@host:{history.bare}")

    assert found.branch == "main"
    assert found.repository == f"me@host:{history.bare}"
    assert "-F none -o BatchMode=yes" in (tmp_path / "calls").read_text()
    config.unlink()
    own = replace(settings, environ={**settings.environ, "GIT_SSH_COMMAND": f"{ssh} -x"})
    assert look(f"ssh://host{history.bare}", settings=own).branch == "main"
    assert "BatchMode" not in (tmp_path / "calls").read_text().splitlines()[-1]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a repository away")
def test_a_repository_of_another_user_is_explained(history: Repository, look: Look) -> None:
    for path in (history.work, *history.work.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)

    found = look(str(history.work))

    assert found.commit is None
    assert "safe.directory" in found.notices[0]


def test_variables_of_a_git_hook_mislead_nobody(
    history: Repository, look: Look, settings: Settings, tmp_path: Path
) -> None:
    hook = replace(settings, environ={**settings.environ, "GIT_DIR": str(tmp_path), "GIT_INDEX_FILE": "/x"})

    assert look(history.url, settings=hook).branch == "main"
    assert look(str(history.work), settings=hook).branch == "main"


def test_fetching_tells_how_far_it_is(history: Repository, settings: Settings) -> None:
    said: list[str] = []
    phase = Phase("source", _changed=lambda phase: said.append(phase.doing))

    with checkout(parse(history.url, cwd=Path("/")), settings=settings, phase=phase):
        pass

    assert any(line.startswith(f"fetching {history.url}: ") and line.endswith("%") for line in said)
    assert phase.detail == "fetched"
