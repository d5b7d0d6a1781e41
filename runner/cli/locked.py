"""A lock in one line."""

from importlib import import_module
from typing import Any

from runner.cli.output import counted
from runner.environments.model import Lock


def described(lock: Lock) -> str:
    """Its packages or its image, and the digest by which it is known.

    >>> described(Lock(kind="pylock", text="", python="3.12.1", origin="resolved", packages=1))[:36]
    '1 package for Python 3.12.1, sha256:'
    """
    python = f" for Python {lock.python}" if lock.python else ""
    packages = f"{counted(lock.packages, 'package')}{python}"
    if lock.kind != "image":
        return f"{packages}, {lock.digest}"
    document: Any = import_module("runner.environments.images.document").Document.parse(lock.text)
    if document.inside is not None:
        return f"{packages} in image {_base(document)}, {lock.digest}"
    if document.build is not None:
        return f"image of {_base(document)}, {lock.digest}"
    return f"image {document.image.reference}, {document.image.digest or document.image.id}"


def _base(document: Any) -> str:
    """What is named: an image, or a Dockerfile."""
    return str(document.build.dockerfile if document.build is not None else document.image.reference)
