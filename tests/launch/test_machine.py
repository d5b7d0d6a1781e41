"""Facts about the machine: from files, whatever they say, and fast."""

import os
from pathlib import Path

import pytest

from runner.launch import machine
from runner.project.recorded import may_be_secret

PROCESSOR = """\
processor\t: 0
model name\t: Some CPU
flags\t\t: fpu sse4_2 avx2 fma avx512f nonsense

"""


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Files of the machine; all others are not there."""
    files: dict[str, str] = {}
    monkeypatch.setattr(machine, "_start", lambda path: files.get(str(path), ""))
    return files


def test_the_facts_are_those_of_this_machine() -> None:
    found = machine.facts()

    assert found["cpus"] == os.cpu_count()
    assert found["cpus_allowed"] == len(os.sched_getaffinity(0))
    assert found["libc"] == os.confstr("CS_GNU_LIBC_VERSION")
    assert set(found["cpu_flags"]) <= machine.FLAGS


def test_of_the_processors_flags_those_are_kept_by_which_libraries_choose_their_code(
    say: dict[str, str],
) -> None:
    say["/proc/cpuinfo"] = PROCESSOR

    found = machine.facts()

    assert (found["processor"], found["cpu_flags"]) == ("Some CPU", ["avx2", "avx512f", "fma", "sse4_2"])


def test_an_arm_processor_calls_them_features(say: dict[str, str]) -> None:
    say["/proc/cpuinfo"] = "processor\t: 0\nFeatures\t: fp asimd sve2\n"

    assert machine.facts()["cpu_flags"] == ["asimd", "sve2"]


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"a/cpu.max": "400000 100000", "a/b/cpu.max": "max 100000", "cpu.max": ""}, 4.0),
        ({"a/cpu.max": "400000 100000", "a/b/cpu.max": "50000 100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.0),
        ({"cpu.max": "garbage"}, None),
    ],
)
def test_the_limit_is_the_tightest_of_all_groups_around_us(
    say: dict[str, str], files: dict[str, str], limit: float | None
) -> None:
    say["/proc/self/cgroup"] = "5:devices:/elsewhere\n0::/a/b\n"
    say.update({f"/sys/fs/cgroup/{name}": text for name, text in files.items()})

    assert machine.facts()["cpu_limit"] == limit


def test_gpu_driver_and_cuda_are_read_where_they_are(say: dict[str, str]) -> None:
    say["/proc/driver/nvidia/version"] = "NVRM version: 550.54\nGCC version: 12\n"
    say["/usr/local/cuda/version.json"] = '{"cuda": {"name": "CUDA SDK", "version": "12.4.1"}}'

    found = machine.facts()

    assert (found["gpu_driver"], found["cuda"]) == ("NVRM version: 550.54", "12.4.1")
    say["/usr/local/cuda/version.json"] = "[]"
    assert machine.facts()["cuda"] is None


def test_no_recorded_variable_has_the_name_of_a_secret() -> None:
    assert [name for name in machine.RECORDED_VARIABLES if may_be_secret(name)] == []
