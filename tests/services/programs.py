"""Programs of the servers that tests start: found, or installed where we may."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

PACKAGES = Path(__file__).with_name("packages.txt")
# What stands for the packages: where all of these are, nothing needs to be installed.
PROGRAMS = (
    *("initdb", "postgres", "mariadbd", "mariadb-install-db"),
    *("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "curl"),
    *("dockerd", "docker-registry"),
    "chromium",
    "systemd-analyze",
)
PLACES = ("usr/lib/postgresql/*/bin", "usr/sbin", "usr/local/sbin", "opt/homebrew/bin")


def found(name: str) -> str | None:
    """The path of a program, which Debian may keep beside the PATH."""
    places = [str(place) for pattern in PLACES for place in sorted(Path("/").glob(pattern), reverse=True)]
    return shutil.which(name, path=os.pathsep.join([*places, os.environ["PATH"]]))


def needed(name: str) -> str:
    """The path of a program; without it the test is skipped, but in CI it fails."""
    path = found(name)
    if path is None and os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, although this is CI: see tests/services/packages.txt")
    if path is None:
        pytest.skip(f"{name} is not installed: see tests/services/packages.txt")
    return path


def as_user(name: str, command: Sequence[str]) -> list[str]:
    """The command, as that user if we are root: databases refuse to run as root."""
    return ["runuser", "-u", name, "--", *command] if os.geteuid() == 0 else list(command)


def install() -> None:
    """Install the Debian packages that are missing, if we are root on Debian; their own servers are not started."""
    missing = [name for name in PROGRAMS if found(name) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"tests that need {', '.join(missing)} are skipped: only root on Debian installs them")  # noqa: T201
        return
    lines = PACKAGES.read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *names]
    if subprocess.run(command, env=quiet, check=False).returncode:
        subprocess.run(["apt-get", "update", "--quiet"], env=quiet, check=True)
        subprocess.run(command, env=quiet, check=True)


if __name__ == "__main__":
    install()
