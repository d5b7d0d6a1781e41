"""Bundles that somebody made to do harm: each is refused with a message, and nothing is written anywhere."""

import json
import os
import stat
import struct
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import pytest

from runner.bundles.reading import opened, opened_bundle
from runner.errors import RunnerError
from tests.bundles.conftest import Exported
from tests.bundles.hostile import resealed, rewritten
from tests.conftest import Cli


def refused(file: Path, exported: Exported, match: str) -> None:
    before = sorted(file.parent.rglob("*"))
    with pytest.raises(RunnerError, match=match), opened(file, exported.settings):
        pass
    assert sorted(file.parent.rglob("*")) == before


def test_the_tool_of_these_tests_makes_bundles_that_are_read(exported: Exported, tmp_path: Path) -> None:
    with opened(rewritten(exported.file, tmp_path / "fine.zip"), exported.settings) as recorded:
        assert recorded.run.id == exported.run


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "C:/evil", "a\\..\\evil", "a//b", "./a", "a/\x07b", "a/"]
)
def test_names_that_lead_out_are_refused(exported: Exported, tmp_path: Path, name: str) -> None:
    file = rewritten(exported.file, tmp_path / "out.zip", more=[(ZipInfo(name), b"x")])

    refused(file, exported, "no path in it|line|list")


def test_links_and_devices_are_refused(exported: Exported, tmp_path: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR):
        entry = ZipInfo("artifacts/link")
        entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
        file = rewritten(exported.file, tmp_path / f"{kind}.zip", more=[(entry, b"/etc/passwd")])
        refused(file, exported, "no plain file")


def test_names_that_are_there_twice_are_refused(exported: Exported, tmp_path: Path) -> None:
    file = rewritten(exported.file, tmp_path / "twice.zip", more=[(ZipInfo("run.json"), b"{}")])

    refused(file, exported, "twice")


def test_names_that_differ_in_case_only_are_refused_where_files_are_written(
    exported: Exported, tmp_path: Path
) -> None:
    file = rewritten(exported.file, tmp_path / "case.zip", more=[(ZipInfo("inputs/1/DATA.csv"), b"x")])

    refused(file, exported, "twice")


def test_a_name_that_is_a_file_and_a_directory_is_refused(exported: Exported, tmp_path: Path) -> None:
    file = rewritten(exported.file, tmp_path / "both.zip", more=[(ZipInfo("inputs/1"), b"x")])

    refused(file, exported, "a file and a directory")


def test_encrypted_members_are_refused(exported: Exported, tmp_path: Path) -> None:
    content = bytearray(exported.file.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    file = tmp_path / "secret.zip"
    file.write_bytes(resealed(bytes(content)))

    refused(file, exported, "encrypted")


def test_a_bomb_is_refused_before_it_is_unpacked(exported: Exported, tmp_path: Path) -> None:
    file = rewritten(
        exported.file, tmp_path / "bomb.zip", more=[(ZipInfo("artifacts/zeros"), bytes(300 << 20))]
    )
    assert file.stat().st_size < 1 << 20

    refused(file, exported, "would become")


def test_a_member_that_is_longer_than_it_declares_is_refused(exported: Exported, tmp_path: Path) -> None:
    file = rewritten(exported.file, tmp_path / "liar.zip", more=[(ZipInfo("artifacts/x"), b"y" * 5000)])
    content = bytearray(file.read_bytes())
    entry = content.rindex(b"artifacts/x") - 46  # its place in the directory
    struct.pack_into("<L", content, entry + 24, 10)
    file.write_bytes(resealed(bytes(content)))

    with opened(file, exported.settings) as recorded, pytest.raises(RunnerError):
        recorded.artifacts.read("x")


def test_members_that_lie_within_each_other_are_refused(exported: Exported, tmp_path: Path) -> None:
    file = rewritten(exported.file, tmp_path / "overlap.zip")
    content = bytearray(file.read_bytes())
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 1)
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    file.write_bytes(resealed(bytes(content)))

    refused(file, exported, "within another|list|name")


def test_a_manifest_that_does_not_fit_is_refused(exported: Exported, tmp_path: Path) -> None:
    with ZipFile(exported.file) as archive:
        manifest = archive.read("manifest-sha256.txt")
    for altered in (
        manifest[:-10],
        manifest + manifest,
        b"",
        b"\xff\xfe\n",
        manifest.replace(b"run.json", b"run.jsom"),
    ):
        file = tmp_path / "manifest.zip"
        with ZipFile(exported.file) as archive, ZipFile(file, "w") as copy:
            for entry in archive.infolist():
                mine = entry.filename == "manifest-sha256.txt"
                copy.writestr(entry, altered if mine else archive.read(entry))
            copy.comment = b"sha256:" + b"0" * 64
        file.write_bytes(resealed(file.read_bytes()))
        refused(file, exported, "is no bundle")


def document(exported: Exported) -> Any:
    with ZipFile(exported.file) as archive:
        return json.loads(archive.read("run.json"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("format",), 2),
        (("run", "id"), "../../etc"),
        (("run", "status"), "WON"),
        (("run", "started"), -1),
        (("run", "params"), ["a"]),
        (("run", "metrics", "loss", "file"), "nowhere"),
        (("plan",), "artifacts/nowhere"),
        (("inputs", "data", "file"), "inputs/nowhere"),
        (("code",), {"file": "code.zip", "subdirectory": ""}),
        (("packages",), [{"file": "packages/x", "hash": "sha256:0"}]),
        (("environment",), "environment.zip"),
    ],
)
def test_a_description_with_something_wrong_is_refused(
    exported: Exported, tmp_path: Path, place: tuple[str, ...], value: object
) -> None:
    found = about = document(exported)
    for key in place[:-1]:
        found = found[key]
    found[place[-1]] = value
    file = rewritten(exported.file, tmp_path / "x.zip", changes={"run.json": json.dumps(about).encode()})

    with pytest.raises(RunnerError), opened(file, exported.settings) as recorded:
        recorded.history("loss")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"[" * 100_000, b"\xff", b"null", b'{"format": 1e999}']
)
@pytest.mark.parametrize("member", ["run.json", "artifacts/runner/plan.json", "artifacts/runner/record.json"])
def test_documents_of_nonsense_are_refused(
    exported: Exported, tmp_path: Path, member: str, content: bytes
) -> None:
    file = rewritten(exported.file, tmp_path / "x.zip", changes={member: content})

    if (member, content) == ("artifacts/runner/record.json", b"{}"):
        return
    if (member, content) == ("artifacts/runner/record.json", b'{"format": 1e999}'):
        return
    with pytest.raises(RunnerError), opened(file, exported.settings):
        pass


def test_another_plan_than_the_one_that_the_run_has_is_refused(exported: Exported, tmp_path: Path) -> None:
    with ZipFile(exported.file) as archive:
        plan = json.loads(archive.read("artifacts/runner/plan.json"))
    plan["command"] = "rm -rf ~"
    changes = {"artifacts/runner/plan.json": json.dumps(plan).encode()}

    refused(rewritten(exported.file, tmp_path / "x.zip", changes=changes), exported, "altered")


def test_code_that_the_plan_names_and_that_is_another_is_refused(exported: Exported, tmp_path: Path) -> None:
    changes: dict[str, bytes | None] = {"artifacts/runner/source/patch.diff": b"another"}

    refused(rewritten(exported.file, tmp_path / "x.zip", changes=changes), exported, "which is not there")


def test_data_that_is_another_than_the_plan_says_is_not_taken(
    cli: Cli, exported: Exported, elsewhere: Path, tmp_path: Path
) -> None:
    file = rewritten(exported.file, tmp_path / "x.zip", changes={"inputs/1/data.csv": b"6,6\n"})

    outcome = cli("run", file)

    assert outcome.code == 7
    assert "input data is not the one that its plan names" in outcome.err


def test_a_pipe_or_a_directory_is_no_bundle(exported: Exported, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")

    for path in (tmp_path / "pipe.zip", tmp_path):
        with pytest.raises(RunnerError, match="no regular file"), opened_bundle(path):
            pass
