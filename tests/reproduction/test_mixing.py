"""Locks mixed of two: valid text of their kind, with exactly the packages of either that were named."""

import pytest
from msgspec.structs import replace

from runner.environments.conda import lockfile
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage
from runner.environments.images.document import Document, Pinned
from runner.environments.model import Lock
from runner.environments.python import pylock
from runner.project.conda_locks import platform
from runner.reproduction.mixing import Unmixable, changed, mixed

each = pytest.mark.parametrize

HEAD = 'lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = ">=3.11"\n'


def package(name: str, version: str, more: str = "") -> str:
    wheel = f'{{ url = "https://host/{name}-{version}.whl", hashes = {{ sha256 = "{name}{version}" }} }}'
    return f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}wheels = [\n    {wheel},\n]\n'


def locked(*packages: str, python: str = "3.11.7", head: str = HEAD) -> Lock:
    return Lock(
        kind="pylock", text=head + "".join(packages), python=python, packages=len(packages), origin="resolved"
    )


def versions(lock: Lock) -> dict[str, str]:
    return {item["name"]: item["version"] for item in pylock.parse(lock.text, name="the mixture").packages}


A = locked(package("alpha", "1"), package("beta", "1"), package("delta", "1"), package("gone", "1"))
B = locked(package("alpha", "2"), package("beta", "2"), package("delta", "1"), package("fresh", "1"))


class TestPylock:
    def test_what_has_changed_is_told_with_both_versions(self) -> None:
        assert [(item.name, item.before, item.after) for item in changed(A, B)] == [
            ("alpha", "1", "2"),
            ("beta", "1", "2"),
            ("fresh", None, "1"),
            ("gone", "1", None),
        ]

    @each(
        ("names", "there"),
        [
            ({"alpha"}, {"alpha": "2", "beta": "1", "delta": "1", "gone": "1"}),
            ({"fresh"}, {"alpha": "1", "beta": "1", "delta": "1", "gone": "1", "fresh": "1"}),
            ({"gone", "beta"}, {"alpha": "1", "beta": "2", "delta": "1"}),
        ],
    )
    def test_the_named_packages_are_those_of_the_second_lock(
        self, names: set[str], there: dict[str, str]
    ) -> None:
        mixture = mixed(A, B, names)

        assert versions(mixture) == there
        assert (mixture.packages, mixture.pinned, mixture.origin) == (len(there), True, "mixed")

    def test_each_package_keeps_its_text_to_the_letter(self) -> None:
        assert package("alpha", "2") in mixed(A, B, {"alpha"}).text

    def test_nothing_of_the_second_is_the_first_and_all_of_it_the_second(self) -> None:
        assert mixed(A, B, set()) is A
        assert mixed(A, B, {"alpha", "beta", "fresh", "gone"}) is B

    def test_the_same_files_from_another_index_are_no_change(self) -> None:
        mirrored = locked(package("alpha", "1").replace("https://host", "https://mirror"))

        assert changed(locked(package("alpha", "1")), mirrored) == ()

    def test_another_interpreter_is_a_change_like_a_package(self) -> None:
        newer = replace(B, python="3.12.1", text=B.text.replace(">=3.11", ">=3.12"))

        mixture = mixed(A, newer, {"python"})

        assert ("python", "3.11.7", "3.12.1") in {
            (item.name, item.before, item.after) for item in changed(A, newer)
        }
        assert mixture.python == "3.12.1"
        assert 'requires-python = ">=3.12"' in mixture.text
        assert versions(mixture) == versions(A)

    def test_entries_of_one_name_for_several_platforms_go_together(self) -> None:
        windows = package("alpha", "0", "marker = \"sys_platform == 'win32'\"\n")

        mixture = mixed(A, replace(B, text=HEAD + windows + package("alpha", "2")), {"alpha"})

        assert [item["version"] for item in pylock.parse(mixture.text, name="it").packages] == [
            "0", "2", "1", "1", "1",
        ]  # fmt: skip

    def test_tables_below_a_package_and_of_other_tools_are_understood(self) -> None:
        split = (
            '\n[[packages]]\nname = "alpha"\nversion = "3"\n[[packages.wheels]]\nurl = "https://host/a.whl"\n'
        )
        hashes = '[packages.wheels.hashes]\nsha256 = "00"\n'
        other = locked(split + hashes, head=HEAD + '[tool.other]\nx = "[[packages]]"\n')

        assert versions(mixed(A, other, {"alpha"})) == {"alpha": "3", "beta": "1", "delta": "1", "gone": "1"}

    def test_a_package_comes_behind_those_that_it_needs(self) -> None:
        needs = 'dependencies = [{ name = "zeta" }]\n'
        before = locked(package("alpha", "1", needs), package("beta", "1"), package("zeta", "1"))
        after = locked(package("alpha", "2", needs), package("beta", "2"), package("zeta", "2"))

        assert [item.name for item in changed(before, after)] == ["zeta", "alpha", "beta"]

    def test_packages_in_one_line_are_not_taken_apart_wrongly(self) -> None:
        inline = replace(A, text='lock-version = "1.0"\npackages = [{ name = "alpha", version = "1" }]\n')

        with pytest.raises(Unmixable, match="not understood"):
            changed(inline, B)


class TestOtherKinds:
    def test_lines_with_hashes(self) -> None:
        before = replace(
            A, kind="requirements", text="alpha==1 --hash=sha256:00\nBeta[x]==1 --hash=sha256:01\n"
        )
        after = replace(
            A, kind="requirements", text="--pre\nalpha==2 --hash=sha256:02\nbeta[x]==2 --hash=sha256:03\n"
        )

        mixture = mixed(before, after, {"beta"})

        assert mixture.text == "--pre\nalpha==1 --hash=sha256:00\nbeta[x]==2 --hash=sha256:03\n"

    def test_conda_packages_and_those_of_pip(self) -> None:
        before, after = conda("1", pip="1"), conda("2", pip="2")

        mixture = lockfile.read(mixed(before, after, {"six"}).text, name="the mixture")

        assert [item.name for item in changed(before, after)] == ["libffi", "six"]
        assert [(item.name, item.version) for item in mixture.conda] == [("libffi", "1")]
        assert [(item.name, item.version) for item in mixture.pip] == [("six", "2")]

    def test_an_image_and_the_environment_inside_of_it(self) -> None:
        before, after = image("a", A), image("b", B)

        mixture = Document.parse(mixed(before, after, {"(image)", "alpha"}).text)

        assert mixture.image is not None
        assert mixture.image.id == "sha256:" + "b" * 64
        assert mixture.inside is not None
        assert versions(mixture.inside) == {"alpha": "2", "beta": "1", "delta": "1", "gone": "1"}

    def test_locks_of_two_kinds_are_not_mixed(self) -> None:
        with pytest.raises(Unmixable, match="a lock of kind pylock and one of kind conda"):
            changed(A, conda("1", pip="1"))


def conda(version: str, *, pip: str) -> Lock:
    libffi = CondaPackage(
        name="libffi",
        version=version,
        platform=platform(),
        url=f"https://host/main/{platform()}/libffi-{version}-h0_0.conda",
        sha256=version * 64,
    )
    six = PipPackage(
        name="six",
        version=pip,
        platform=platform(),
        url=f"https://host/six-{pip}-py3-none-any.whl",
        sha256=pip * 64,
    )
    content = CondaLock(conda=(libffi,), pip=(six,), content={platform(): "c" * 64})
    return Lock(kind="conda", text=lockfile.write(content), python="", packages=2)


def image(digit: str, inside: Lock) -> Lock:
    pinned = Pinned(
        reference=f"image:{digit}",
        id="sha256:" + digit * 64,
        digest=None,
        platform="linux/amd64",
        created="2026-01-01T00:00:00Z",
    )
    return Document(image=pinned, inside=inside).lock(origin="resolved")
