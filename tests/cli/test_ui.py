"""`runner ui` as a process: what it serves, what it opens, how it ends."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import Cli


@contextmanager
def running(
    *arguments: str, environ: Mapping[str, str] = {}
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`runner ui`, and the address that it prints first."""
    process = subprocess.Popen(
        [sys.executable, "-m", "runner", "ui", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_it_serves_the_pages_of_the_store_to_this_machine_and_ends_by_ctrl_c() -> None:
    with running("--no-browser") as (process, address):
        with urllib.request.urlopen(address, timeout=10) as answer:
            page = answer.read().decode()
        process.send_signal(signal.SIGINT)

        assert address.startswith("http://127.0.0.1:")
        assert "<title>Home · runner</title>" in page
        assert process.wait(10) == 0


def test_it_opens_the_browser_at_its_address(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)

    with running(environ={"BROWSER": str(browser)}) as (_, address):
        deadline = time.monotonic() + 10
        while not opened.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

        assert opened.read_text().strip() == address


def test_a_server_has_pages_of_its_own(cli: Cli) -> None:
    outcome = cli("ui", "--tracking-uri", "http://127.0.0.1:1", "--no-browser")

    assert outcome.code != 0
    assert "http://127.0.0.1:1" in outcome.err
