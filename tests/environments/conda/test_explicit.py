"""What pip installs, in explicit lists."""

import pytest

from runner.environments.conda import explicit

SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("name", "file", "version"),
    [
        ("six", "six-1.17-py2.py3-none-any.whl", "1.17"),
        ("torch", "torch-2.1.0%2Bcpu-cp311-cp311-linux_x86_64.whl", "2.1.0+cpu"),
        ("built", "built-1.0-2-py3-none-any.whl", "1.0"),
        ("my-own-pkg", "my-own-pkg-1.0.tar.gz", "1.0"),
        ("my_pkg", "my_pkg-1.0.dev1.zip", "1.0.dev1"),
        ("old", "old-0.9.tgz", "0.9"),
    ],
)
def test_the_version_of_a_file_is_in_its_name(name: str, file: str, version: str) -> None:
    text = f"{explicit.MARK}\n# pip {name} @ https://host/{file}#sha256={SHA256}\n"

    (package,) = explicit.read(text, name="conda-linux-64.lock", platform="linux-64").pip

    assert (package.name, package.version) == (name, version)
