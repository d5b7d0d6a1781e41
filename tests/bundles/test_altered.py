"""A bundle tells whether a bit of it was altered, wherever that bit is; and which file it is in."""

import random
from pathlib import Path

import pytest

from runner.bundles.layout import SEAL_LENGTH, Damaged
from runner.bundles.reading import opened
from runner.bundles.verifying import Verified, verify_bundle
from runner.progress import Progress
from tests.bundles.conftest import Exported
from tests.conftest import Cli

END = 22 + SEAL_LENGTH  # bytes of the end of the directory, with the comment
SAMPLES = 400


def verified(file: Path) -> Verified:
    with Progress().phase("verify") as phase:
        return verify_bundle(file, [], phase)


def flipped(content: bytes, position: int, bit: int) -> bytes:
    altered = bytearray(content)
    altered[position] ^= 1 << bit
    return bytes(altered)


def test_a_flipped_bit_anywhere_is_found(exported: Exported, tmp_path: Path) -> None:
    content, file = exported.file.read_bytes(), tmp_path / "altered.zip"
    chance = random.Random(5)
    positions = {*chance.sample(range(len(content)), SAMPLES), *range(len(content) - END, len(content)), 0}

    for position in sorted(positions):
        file.write_bytes(flipped(content, position, chance.randrange(8)))
        with pytest.raises(Damaged), opened(file, exported.settings):
            pass
        assert verified(file).exit_status == 1, position


def test_each_region_of_the_file_is_sampled(exported: Exported) -> None:
    """Headers, contents, directory and seal: in each there would be a position that is tried."""
    content = exported.file.read_bytes()
    directory = content.index(b"PK\x01\x02")
    chance = random.Random(5).sample(range(len(content)), SAMPLES)

    assert sum(position < directory for position in chance) > 100
    assert sum(directory <= position < len(content) - END for position in chance) > 20


@pytest.mark.parametrize("cut", [1, SEAL_LENGTH, END, 1000])
def test_a_bundle_that_was_cut_is_found(exported: Exported, tmp_path: Path, cut: int) -> None:
    file = tmp_path / "cut.zip"
    file.write_bytes(exported.file.read_bytes()[:-cut])

    assert verified(file).exit_status in {1, 2}
    with pytest.raises(Damaged), opened(file, exported.settings):
        pass


def test_what_is_put_behind_or_before_a_bundle_is_found(exported: Exported, tmp_path: Path) -> None:
    content, file = exported.file.read_bytes(), tmp_path / "more.zip"
    for altered in (content + b"\0", b"\0" + content, content + content):
        file.write_bytes(altered)
        with pytest.raises(Damaged), opened(file, exported.settings):
            pass
        assert verified(file).exit_status == 1


def test_the_altered_file_is_named(cli: Cli, exported: Exported, tmp_path: Path) -> None:
    content, file = exported.file.read_bytes(), tmp_path / "run.zip"
    name = b"inputs/1/data.csv"
    file.write_bytes(
        flipped(content, content.index(name) + len(name) + 22, 3)
    )  # in the data behind its header

    outcome = cli("verify", file)

    assert outcome.code == 1
    assert outcome.out == "altered: inputs/1/data.csv is altered\n"


def test_a_changed_time_in_the_directory_is_no_file_but_is_told(
    cli: Cli, exported: Exported, tmp_path: Path
) -> None:
    content, file = exported.file.read_bytes(), tmp_path / "run.zip"
    file.write_bytes(flipped(content, content.index(b"PK\x01\x02") + 12, 0))

    outcome = cli("verify", file)

    assert outcome.code == 1
    assert "all files in it are as they were" in outcome.out


def test_nobody_can_tell_of_a_file_that_never_was_a_bundle(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "other.zip"
    file.write_bytes(b"hello")

    assert cli("verify", file).code == 2
    assert cli("verify", tmp_path / "missing.zip").code == 2
