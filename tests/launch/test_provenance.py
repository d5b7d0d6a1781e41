"""The packages of a lock, by their addresses, with their hashes."""

import json
from pathlib import Path
from typing import Any

from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor

from runner.environments.model import Lock
from runner.launch.dependencies import of_lock
from runner.launch.plan import Plan, PlannedEnvironment, PlannedSource
from runner.launch.provenance import statement

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
COMMIT = "c" * 40
PYLOCK = f"""
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "Ruamel.YAML"
version = "0.18.0"
sdist = {{ url = "https://index/ruamel.yaml-0.18.0.tar.gz", hashes = {{ sha256 = "{ONE}" }} }}
wheels = [{{ url = "https://index/ruamel.yaml-0.18.0-py3-none-any.whl", hashes = {{ sha256 = "{TWO}" }} }}]

[[packages]]
name = "local"
vcs = {{ type = "git", url = "https://git/local.git", commit-id = "{COMMIT}" }}
"""
CONDA = f"""
version: 1
metadata: {{content_hash: {{linux-64: x}}, channels: [{{url: conda-forge, used_env_vars: []}}], platforms: [linux-64], sources: [e.yml]}}
package:
- name: zlib
  version: 1.3.1
  manager: conda
  platform: linux-64
  dependencies: {{}}
  url: https://conda.anaconda.org/conda-forge/linux-64/zlib-1.3.1-hb9d3cd8_2.conda
  hash: {{sha256: '{ONE}'}}
  category: main
  optional: false
- name: six
  version: 1.16.0
  manager: pip
  platform: linux-64
  dependencies: {{}}
  url: https://index/six-1.16.0-py2.py3-none-any.whl
  hash: {{sha256: '{TWO}'}}
  category: main
  optional: false
"""


def named(kind: str, text: str, cache: Path) -> list[dict[str, Any]]:
    """What the lock names, which in-toto's own types take; the second time it is remembered."""
    lock = Lock(kind=kind, text=text, python="3.11.7")
    found = of_lock(lock, cache=cache)
    assert of_lock(lock, cache=cache) == found
    for entry in found:
        ResourceDescriptor(
            name=entry.get("name", ""), uri=entry["uri"], digest=entry.get("digest", {})
        ).validate()
    return found


def test_each_file_that_a_python_lock_admits_is_named(tmp_path: Path) -> None:
    assert named("pylock", PYLOCK, tmp_path) == [
        {
            "uri": "pkg:pypi/ruamel-yaml@0.18.0",
            "name": "ruamel.yaml-0.18.0.tar.gz",
            "digest": {"sha256": ONE},
            "downloadLocation": "https://index/ruamel.yaml-0.18.0.tar.gz",
        },
        {
            "uri": "pkg:pypi/ruamel-yaml@0.18.0",
            "name": "ruamel.yaml-0.18.0-py3-none-any.whl",
            "digest": {"sha256": TWO},
            "downloadLocation": "https://index/ruamel.yaml-0.18.0-py3-none-any.whl",
        },
        {"uri": "pkg:pypi/local", "digest": {"gitCommit": COMMIT}},
    ]


def test_requirements_with_hashes_are_named_by_each_of_them(tmp_path: Path) -> None:
    text = f"six==1.16.0 \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}\n# comment\nx[extra]==2 --hash=sha256:{THREE}\n"

    assert named("requirements", text, tmp_path) == [
        {"uri": "pkg:pypi/six@1.16.0", "digest": {"sha256": ONE}},
        {"uri": "pkg:pypi/six@1.16.0", "digest": {"sha256": TWO}},
        {"uri": "pkg:pypi/x@2", "digest": {"sha256": THREE}},
    ]


def test_conda_packages_are_named_with_build_and_channel(tmp_path: Path) -> None:
    conda, pip = named("conda", CONDA, tmp_path)

    channel = "channel=https%3A%2F%2Fconda.anaconda.org%2Fconda-forge"
    assert conda["uri"] == f"pkg:conda/zlib@1.3.1?build=hb9d3cd8_2&{channel}&subdir=linux-64"
    assert conda["digest"] == {"sha256": ONE}
    assert (pip["uri"], pip["digest"]) == ("pkg:pypi/six@1.16.0", {"sha256": TWO})


def test_an_image_is_named_by_its_digest_and_with_what_was_put_into_it(tmp_path: Path) -> None:
    image = {"reference": "python:3.11", "id": f"sha256:{ONE}", "digest": f"sha256:{TWO}"}
    inside = {"kind": "requirements", "text": f"six==1.16.0 --hash=sha256:{THREE}"}

    assert named("image", json.dumps({"image": image, "inside": inside}), tmp_path) == [
        {"uri": "docker://python:3.11", "digest": {"sha256": TWO}},
        {"uri": "pkg:pypi/six@1.16.0", "digest": {"sha256": THREE}},
    ]


def test_a_built_image_is_named_by_what_it_was_built_on(tmp_path: Path) -> None:
    base = {"reference": "scratch", "id": f"sha256:{ONE}", "digest": None}

    found = named("image", json.dumps({"build": {"bases": [base]}}), tmp_path)

    assert found == [{"uri": "docker://scratch", "digest": {"sha256": ONE}}]


def test_the_source_is_named_by_commit_and_all_that_is_beside_it() -> None:
    source = PlannedSource(
        kind="git",
        uri="git@example.org:team/models.git",
        commit=COMMIT,
        repository="git@example.org:team/models.git",
        submodules={"libs/x": "d" * 40},
        patch=f"sha256:{ONE}",
        bundles={"": f"sha256:{TWO}"},
    )
    record = {"run": {"id": "r"}, "status": "FINISHED", "started": 0, "ended": 1}
    plan = Plan(
        source=source, entry_point="main", command="true", environment=PlannedEnvironment(kind="system")
    )

    said = statement(plan, record, record_digest=f"sha256:{THREE}")

    assert said["predicate"]["buildDefinition"]["resolvedDependencies"] == [
        {
            "name": "source",
            "uri": f"git+ssh://git@example.org/team/models.git@{COMMIT}",
            "digest": {"gitCommit": COMMIT},
        },
        {"name": "source/libs/x", "digest": {"gitCommit": "d" * 40}},
        {"name": "runner/source/patch.diff", "digest": {"sha256": ONE}},
        {"name": "unpushed commits of the source", "digest": {"sha256": TWO}},
    ]
    assert said["predicate"]["runDetails"]["metadata"]["finishedOn"] == "1970-01-01T00:00:00.001Z"
