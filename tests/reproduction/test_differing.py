"""What two runs did not have alike: each aspect there and back, locks of every kind, and documents of strangers."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from runner.environments.conda import lockfile
from runner.environments.conda.packages import CondaLock, CondaPackage
from runner.environments.images.document import Document, Pinned
from runner.environments.model import Lock
from runner.errors import SourceError
from runner.launch.plan import Plan, PlannedEnvironment, PlannedLock, PlannedSource
from runner.reproduction.causes import ranked
from runner.reproduction.differing import Side, between
from runner.reproduction.differing.executed import executed
from runner.reproduction.differing.files import changed
from runner.reproduction.model import Aspect, Difference
from runner.settings import Settings
from runner.sources.model import Checkout
from tests.conftest import Files

each = pytest.mark.parametrize

PLAN = Plan(
    source=PlannedSource(kind="git", uri="https://example.org/x.git", commit="1" * 40, dirty=False),
    entry_point="main",
    command="python train.py --alpha 0.5",
    parameters={"alpha": "0.5"},
    environment=PlannedEnvironment(kind="virtualenv"),
    seed=1,
    inputs={"data": "data.csv"},
    input_digests={"data": "sha256:" + "a" * 64},
)
RECORD: Mapping[str, Any] = {
    "machine": {
        "host": "one",
        "architecture": "x86_64",
        "cpus": 2,
        "memory": 1 << 33,
        "gpus": [],
        "system": "Linux",
    },
    "variables": {"OMP_NUM_THREADS": "2"},
    "environment": {"interpreter": {"version": "3.11.7", "implementation": "cpython"}},
    "inputs": [{"name": "data", "digest": "sha256:" + "a" * 64, "bytes": 1204}],
}
Told = tuple[str, str | None, str | None, str]


def side(tree: Path | None = None, **more: Any) -> Side:
    """What ran in a tree, whose commit is its name."""

    @contextmanager
    def at_hand() -> Iterator[Checkout]:
        if tree is None:
            raise SourceError("there is no such repository")
        yield Checkout(path=tree, root=tree, uri=str(tree))

    values: dict[str, Any] = {"name": "run", "plan": PLAN, "record": RECORD, "tree": at_hand, **more}
    if tree is not None:
        source = replace(PLAN.source, commit=None, patch=f"sha256:{tree.name}")
        values["plan"] = replace(values["plan"], source=source)
    return Side(**values)


def record(**sections: Any) -> dict[str, Any]:
    return {**RECORD, **sections}


def machine(**facts: Any) -> dict[str, Any]:
    return record(machine={**RECORD["machine"], **facts})


def told(found: list[Difference]) -> list[Told]:
    return [(f"{one.aspect} {one.name}", one.before, one.after, one.change) for one in found]


@pytest.fixture
def differ(settings: Settings) -> Callable[[Side, Side], list[Difference]]:
    return lambda first, second: between(first, second, settings=settings)


Differ = Callable[[Side, Side], list[Difference]]


def test_equal_sides_have_no_difference_and_no_cause(differ: Differ) -> None:
    found = differ(side(), side())

    assert found == []
    assert ranked(found) == []


@each(
    ("other", "expected"),
    [
        (side(plan=replace(PLAN, entry_point="test")), ("entry point entry point", "main", "test", "changed")),
        (side(plan=replace(PLAN, seed=None)), ("seed seed", "1", None, "removed")),
        (side(plan=replace(PLAN, extra_parameters={"b": " "})), ("parameter b", None, " ", "added")),
        (side(plan=replace(PLAN, secrets=("key",))), ("parameter key", None, "(secret)", "added")),
        (
            side(plan=replace(PLAN, parameters={"alpha": "0.7"}, command="python train.py --alpha 0.7")),
            ("parameter alpha", "0.5", "0.7", "changed"),
        ),
        (
            side(plan=replace(PLAN, command="python train.py --fast --alpha 0.5")),
            ("entry point command", PLAN.command, "python train.py --fast --alpha 0.5", "changed"),
        ),
        (
            side(plan=replace(PLAN, input_digests={"data": "sha256:" + "b" * 64})),
            ("data data", "aaaaaaaaaaaa, 1,204 bytes", "bbbbbbbbbbbb, 1,204 bytes", "changed"),
        ),
        (
            side(plan=replace(PLAN, environment=PlannedEnvironment(kind="system"))),
            ("interpreter environment", "virtualenv", "system", "changed"),
        ),
        (
            side(plan=replace(PLAN, environment=replace(PLAN.environment, docker_args=("gpus=all",)))),
            ("image docker arguments", None, "gpus=all", "added"),
        ),
        (side(record=machine(host="two")), ("machine host", "one", "two", "changed")),
        (side(record=machine(memory=1 << 34)), ("machine memory", "8.0 GiB", "16.0 GiB", "changed")),
        (side(record=machine(gpus=["H200", "H200"])), ("machine gpus", None, "H200, H200", "added")),
        (side(record=record(variables={})), ("variable OMP_NUM_THREADS", "2", None, "removed")),
        (
            side(record=record(environment={"interpreter": {"version": "3.12.1", "implementation": "cpython"}})),
            ("interpreter python", "3.11.7", "3.12.1", "upgraded"),
        ),
        (
            side(record=record(environment={"interpreter": {"version": "3.11.7", "implementation": "pypy"}})),
            ("interpreter implementation", "cpython", "pypy", "changed"),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_each_aspect_is_told_there_and_back(differ: Differ, other: Side, expected: Told) -> None:
    name, before, after, change = expected
    backwards = {"added": "removed", "removed": "added", "upgraded": "downgraded"}

    assert told(differ(side(), other)) == [expected]
    assert told(differ(other, side())) == [(name, after, before, backwards.get(change, change))]


def test_the_same_data_at_another_place_is_no_cause(differ: Differ) -> None:
    moved = replace(PLAN, inputs={"data": "/b"}, parameters={"alpha": "0.5", "data": "/b"}, command="x /b")
    there = replace(PLAN, inputs={"data": "/a"}, parameters={"alpha": "0.5", "data": "/a"}, command="x /a")

    found = differ(side(plan=there), side(plan=moved))

    assert told(found) == [("parameter data", "/a", "/b", "changed")]
    assert ranked(found) == []


@each(
    ("before", "after"),
    [
        ("python train1.py 1 --n=1", "python train1.py 2 --n=2"),
        ("run out_1.txt", "run out_2.txt"),
        ("run --n 1 --m", "run --m"),
    ],
)
def test_a_command_with_other_values_is_no_other_command(differ: Differ, before: str, after: str) -> None:
    values = {"n": "1"}, ({"n": "2"} if "2" in after else {})
    plans = (
        replace(PLAN, command=text, parameters=given)
        for text, given in zip((before, after), values, strict=True)
    )

    assert [one.name for one in differ(*(side(plan=plan) for plan in plans))] == ["n"]


def test_a_name_of_a_host_and_a_kernel_are_no_causes_but_threads_and_processors_are(differ: Differ) -> None:
    other = {**machine(host="two", cpus_allowed=1, release="6.2"), "variables": {"OMP_NUM_THREADS": "1"}}
    here = machine(cpus_allowed=2, release="6.1")

    causes = ranked(differ(side(record=here), side(record=other)))

    assert [one.name for one in causes] == ["OMP_NUM_THREADS", "cpus allowed"]


def test_commits_without_a_repository_are_told_by_their_ids(differ: Differ) -> None:
    other = side(plan=replace(PLAN, source=replace(PLAN.source, commit="2" * 40)))

    (found,) = differ(other, side())

    assert told([found]) == [("code commit", "2" * 10, "1" * 10, "changed")]
    assert "there is no such repository" in found.detail
    assert ranked([found]) == [found]


def test_files_that_were_not_kept_may_be_others(differ: Differ) -> None:
    source = replace(PLAN.source, left_out=("big.bin has 300.0 MB",))

    (found,) = differ(side(), side(plan=replace(PLAN, source=source)))

    assert (found.change, found.detail) == ("unknown", "big.bin has 300.0 MB")


def test_code_that_was_not_kept_is_told(differ: Differ) -> None:
    unknown = replace(PLAN.source, dirty=True)

    dirty = side(plan=replace(PLAN, source=unknown))
    (found,) = differ(dirty, dirty)

    assert (found.aspect, found.change) == (Aspect.CODE, "unknown")
    assert "there is no such repository" in found.detail


# packages --------------------------------------------------------------------------------------------------------
Versions = Mapping[str, str]
MANY: Versions = {f"package-{number}": f"1.{number}" for number in range(300)}
CHANGED: Versions = {
    **{name: version for name, version in MANY.items() if name != "package-7"},
    "package-1": "2.0",
    "package-2": "1.2.1",
    "package-3": "0.9",
    "added": "1.0",
}
STEPS = [
    ("package added", None, "1.0", "added"),
    ("package package-1", "1.1", "2.0", "upgraded"),
    ("package package-2", "1.2", "1.2.1", "upgraded"),
    ("package package-3", "1.3", "0.9", "downgraded"),
    ("package package-7", "1.7", None, "removed"),
]


def digest(name: str, version: str) -> str:
    return f"{abs(hash((name, version))):x}".rjust(64, "0")[-64:]


def pylock(versions: Versions) -> Lock:
    entries = [
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'wheels = [{{ url = "https://example.org/{name}.whl", hashes = {{ sha256 = "{digest(name, version)}" }} }}]\n'
        + ('dependencies = [{ name = "package-1" }]\n' if name == "package-9" else "")
        for name, version in versions.items()
    ]
    return Lock(kind="pylock", text='lock-version = "1.0"\n' + "\n".join(entries), python="3.11.7")


def requirements(versions: Versions) -> Lock:
    lines = (f"{name}=={version} --hash=sha256:{digest(name, version)}" for name, version in versions.items())
    return Lock(kind="requirements", text="\n".join(lines), python="3.11.7")


def conda(versions: Versions) -> Lock:
    packages = tuple(
        CondaPackage(
            name=name,
            version=version,
            platform=platform,
            url=f"https://example.org/{platform}/{name}-{version}-{build}.conda",
            sha256=digest(name, version),
            depends=("package-1 >=1",) if name == "package-9" else (),
        )
        for name, version in versions.items()
        for platform, build in (("linux-64", "h1_0"), ("osx-64", "h2_0"))
    )
    text = lockfile.write(
        CondaLock(conda=packages, channels=("https://example.org",), content={"linux-64": "x"})
    )
    return Lock(kind="conda", text=text, python="3.11.7")


def image(versions: Versions) -> Lock:
    pinned = Pinned(
        reference="python:3.11", id="sha256:" + "c" * 64, digest=None, platform="linux/amd64", created=""
    )
    return Document(image=pinned, inside=pylock(versions)).lock(origin="resolved")


KINDS = {"pylock": pylock, "requirements": requirements, "conda": conda, "image": image}


@each("kind", KINDS)
def test_packages_of_large_locks_are_told_apart(differ: Differ, kind: str) -> None:
    first, second = (side(lock=KINDS[kind](versions)) for versions in (MANY, CHANGED))

    there, back = differ(first, second), differ(second, first)

    assert told(there) == STEPS
    assert [(one.name, one.before, one.after) for one in back] == [
        (one.name, one.after, one.before) for one in there
    ]
    assert differ(first, first) == []


@each("kind", ["pylock", "conda", "image"])
def test_a_package_is_told_with_those_through_which_it_came(differ: Differ, kind: str) -> None:
    found = differ(side(lock=KINDS[kind](MANY)), side(lock=KINDS[kind](CHANGED)))

    details = {one.name: one.detail for one in found}
    assert details["package-1"] == "through package-9"
    assert details["added"] == "asked for"


def test_what_the_callers_environment_held_is_compared_too(differ: Differ) -> None:
    first = side(observed=("NumPy==1.26.4", "blas=1.0=mkl", "mine"))
    second = side(observed=("numpy==2.0.0", "blas=1.0=openblas", "mine"))

    assert told(differ(first, second)) == [
        ("package blas", "1.0 mkl", "1.0 openblas", "changed"),
        ("package numpy", "1.26.4", "2.0.0", "upgraded"),
    ]
    assert differ(first, side()) == []  # of that one nobody knows


def test_the_same_version_with_other_files_is_told_but_more_files_to_choose_from_are_not(
    differ: Differ,
) -> None:
    one, two, both = (
        Lock(kind="requirements", text=f"a==1.0 {hashes}", python="3")
        for hashes in ("--hash=sha256:11", "--hash=sha256:22", "--hash=sha256:11 --hash=sha256:22")
    )

    assert told(differ(side(lock=one), side(lock=two))) == [("package a", "1.0 11", "1.0 22", "changed")]
    assert differ(side(lock=one), side(lock=both)) == []


def test_images_are_told_by_digest_and_the_same_under_another_name_is_no_cause(differ: Differ) -> None:
    def pinned(reference: str, identity: str) -> Side:
        found = Pinned(
            reference=reference, id=f"sha256:{identity * 64}", digest=None, platform="", created=""
        )
        return side(lock=Document(image=found).lock(origin="resolved"))

    other = differ(pinned("a:1", "c"), pinned("a:1", "d"))
    renamed = differ(pinned("a:1", "c"), pinned("b:1", "c"))

    assert [(one.aspect, one.name) for one in ranked(other)] == [(Aspect.IMAGE, "image")]
    assert renamed != []
    assert ranked(renamed) == []


# code ------------------------------------------------------------------------------------------------------------
CODE = {
    "train.py": "import numpy\nimport lib.model\n",
    "lib/__init__.py": "",
    "lib/model.py": "from . import layers\nimport importlib\nimportlib.import_module('late')\nopen('rates.yaml')\n",
    "lib/layers.py": "import scipy.special\n",
    "late.py": "",
    "unused.py": "import pandas\n",
    "rates.yaml": "a: 1\n",
    "other.yaml": "",
    "fit.r": "library(lme4)\n",
    "run.sh": "python -m tool.main\n",
    "tool/__init__.py": "",
    "tool/main.py": "import yaml\n",
}


def test_what_a_command_executes_is_read_from_its_script(files: Files) -> None:
    tree = files(CODE)

    python = executed(tree, home=tree, command="python train.py --alpha 1")
    shell = executed(tree, home=tree, command="bash run.sh")

    assert python.scripts == {"train.py"}
    assert python.files == {"train.py", "lib/__init__.py", "lib/model.py", "lib/layers.py", "late.py"}
    assert {"numpy", "scipy"} <= python.modules
    assert "pandas" not in python.modules
    assert python.names("rates.yaml")
    assert not python.names("other.yaml")
    assert shell.files == {"run.sh", "tool/__init__.py", "tool/main.py"}
    assert python.python
    assert not executed(tree, home=tree, command="Rscript fit.r").python


@each("command", ["python -m tool.main", "exec python -m tool.main >log"])
def test_a_module_that_is_run_by_name_is_executed(files: Files, command: str) -> None:
    tree = files(CODE)

    found = executed(tree, home=tree, command=command)

    assert found.scripts >= {"tool/main.py"}
    assert "yaml" in found.modules


def test_changes_of_code_are_ranked_by_what_is_executed(files: Files, differ: Differ) -> None:
    texts = {name: f"{text}a = 2\n" for name, text in CODE.items()}
    first, second = files(CODE), files({**texts, "README.md": "new", "late.py": "# a comment\n"})

    found = differ(side(first), side(second))
    weights = {one.name: one.weight for one in found}

    assert [one.name for one in ranked(found)][:4] == [
        "train.py",
        "lib/__init__.py",
        "lib/layers.py",
        "lib/model.py",
    ]
    assert weights["rates.yaml"] > weights["other.yaml"] > weights["unused.py"]
    assert not {"README.md", "late.py"} & {one.name for one in ranked(found)}


def test_a_package_that_the_code_imports_counts_more_than_one_that_it_does_not(
    files: Files, differ: Differ
) -> None:
    versions = {"numpy": "1.0", "pandas": "1.0", "obscure": "1.0"}
    newer = dict.fromkeys(versions, "1.1")
    plan = replace(PLAN, command="python train.py")

    found = differ(
        side(files(CODE), lock=pylock(versions), plan=plan), side(files(CODE), lock=pylock(newer), plan=plan)
    )

    assert [one.name for one in ranked(found)] == ["numpy", "pandas", "obscure"]


def test_files_are_compared_whatever_they_are_and_are_called(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    hostile = "a\n+++ b\x1b[31m \"'.py"
    for place, text in ((first, "one\n"), (second, "two\n")):
        place.mkdir()
        (place / hostile).write_text(text)
        (place / "binary").write_bytes(b"\0\xff" + text.encode())
        (place / "link").symlink_to(text.strip())
        (place / "loop").symlink_to("loop")
        (place / "same").write_text("same")
        (place / "mode").write_text("x")
        (place / ".git").mkdir()
        (place / ".git/config").write_text(text)
        (place / "large").write_bytes(text.encode() * (1 << 21))
        (place / ".gitattributes").write_text("* binary\n")
    (second / "mode").chmod(0o755)
    (first / "old name").write_text("moved")
    (second / "new name").write_text("moved")

    found = {file.path: file for file in changed(first, second)}

    assert set(found) == {hostile, "binary", "link", "mode", "large", "new name"}
    assert found[hostile].lines.splitlines()[-2:] == ["-one", "+two"]
    assert found[hostile].counts == (1, 1)
    assert found["binary"].lines == "Binary files differ\n"
    assert "too large" in found["large"].lines
    assert found["mode"].lines == "old mode 100644\nnew mode 100755\n"
    assert (found["new name"].before, found["new name"].lines) == ("old name", "")


# strangers -------------------------------------------------------------------------------------------------------
@each(
    "nonsense",
    [
        {"machine": [], "variables": "x", "inputs": {"data": 1}, "environment": 7},
        {"machine": {"gpus": {"a": 1}, "memory": "x"}, "variables": {"A": {"b": [1]}}, "inputs": [1, {}]},
        {"environment": {"interpreter": [], "observed": "x", "key": "../../etc"}},
        {},
    ],
)
def test_a_record_of_a_stranger_is_no_trouble(differ: Differ, nonsense: dict[str, Any]) -> None:
    there, back = differ(side(), side(record=nonsense)), differ(side(record=nonsense), side())

    assert {one.name for one in there} == {one.name for one in back}
    assert json.dumps([one.name for one in there])


@each("kind", KINDS)
def test_a_lock_that_cannot_be_read_is_told(differ: Differ, kind: str) -> None:
    locked = replace(
        PLAN.environment, lock=PlannedLock(kind=kind, digest="", python="", packages=0, origin="")
    )
    plan = replace(PLAN, environment=locked)
    broken = side(lock=Lock(kind=kind, text="{" if kind != "requirements" else "", python=""), plan=plan)

    found = differ(side(lock=KINDS[kind]({"a": "1.0"}), plan=plan), broken)

    assert [one.aspect for one in found] in ([Aspect.PACKAGE], [Aspect.PACKAGE, Aspect.IMAGE])


def test_code_that_is_no_python_is_no_trouble(files: Files, differ: Differ) -> None:
    deep = "(" * 5000
    first = files({"train.py": deep, "a.py": "x" * 100, "b.py": "\0"})
    second = files({"train.py": f"{deep}1", "a.py": "y = " + "-" * 3000 + "1", "b.py": "import os"})

    found = differ(side(first), side(second))

    assert {one.name for one in found} == {"train.py", "a.py", "b.py"}
