"""The person's own .condarc, without a conda that would read it."""

from pathlib import Path

import pytest
import yaml

from runner.errors import EnvironmentFailed
from tests.environments.conda.bench import Bench, asking
from tests.services.channel import Channel


@pytest.fixture(autouse=True)
def no_alias(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channels are not known by their names."""
    monkeypatch.delenv("CONDA_CHANNEL_ALIAS")


def urls(text: str) -> list[str]:
    return [channel["url"] for channel in yaml.safe_load(text)["metadata"]["channels"]]


def test_names_are_below_the_alias(bench: Bench, person: Path, channel: Channel) -> None:
    (person / ".condarc").write_text(f"channel_alias: {channel.address}\n")

    assert urls(bench.lock(asking("tuned")).text) == [channel.url]


@pytest.mark.parametrize("place", [".condarc", ".conda/.condarc", ".config/conda/.condarc"])
def test_it_lies_where_conda_looks_for_it(bench: Bench, person: Path, channel: Channel, place: str) -> None:
    (person / place).parent.mkdir(parents=True, exist_ok=True)
    (person / place).write_text(f"custom_channels: {{conda-forge: {channel.address}}}\n")

    assert urls(bench.lock(asking("tuned")).text) == [channel.url]


def test_what_condarc_names_wins_and_variables_win_over_all(
    bench: Bench, person: Path, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (person / ".condarc").write_text("channel_alias: http://127.0.0.1:9\n")
    (tmp_path / "own.yaml").write_text(f"channel_alias: {channel.address}\n")
    monkeypatch.setenv("CONDARC", str(tmp_path / "own.yaml"))
    assert urls(bench.lock(asking("tuned")).text) == [channel.url]

    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", f"{channel.address}/nowhere")
    with pytest.raises(EnvironmentFailed, match="cannot be read"):
        bench.lock(asking("tuned"))


def test_defaults_are_several(bench: Bench, person: Path, channel: Channel) -> None:
    mine = [f"{channel.address}/other", channel.url]
    (person / ".condarc").write_text(yaml.safe_dump({"default_channels": mine}))

    assert urls(bench.lock(asking("tuned", channels=("defaults",))).text) == mine


def test_a_file_without_channels_gets_the_usual_ones(bench: Bench, person: Path, channel: Channel) -> None:
    (person / ".condarc").write_text(yaml.safe_dump({"channels": [channel.url]}))

    assert urls(bench.lock(asking("tuned", channels=("nodefaults",))).text) == [channel.url]


def test_a_priority_of_channels(bench: Bench, person: Path, channel: Channel) -> None:
    (person / ".condarc").write_text(f"channel_alias: {channel.address}\nchannel_priority: disabled\n")

    lock = bench.lock(asking("clock", channels=("conda-forge", "other")))

    assert "clock-9.0" in lock.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channels: [", "no YAML"),
        ("channels: conda-forge", "'channels' is not what conda understands"),
        ("custom_channels: {a: 1}", "'custom_channels' is not what conda understands"),
        ("channel_priority: sometimes", "no channel priority 'sometimes'"),
    ],
)
def test_what_is_wrong_in_it_is_told(bench: Bench, person: Path, text: str, message: str) -> None:
    (person / ".condarc").write_text(text)

    with pytest.raises(EnvironmentFailed, match=message):
        bench.lock(asking("tuned"))


def test_a_channel_of_a_user_that_there_is_not_is_told(bench: Bench) -> None:
    with pytest.raises(
        EnvironmentFailed, match="'~nobody-here/x' is of a user that this machine does not have"
    ):
        bench.lock(asking("tuned", channels=("~nobody-here/x",)))


def test_what_it_says_of_other_things_is_left_alone(bench: Bench, person: Path, channel: Channel) -> None:
    (person / ".condarc").write_text(f"channel_alias: {channel.address}\nssl_verify: true\nenvs_dirs: [/x]\n")

    assert bench.lock(asking("tuned")).packages == 1
