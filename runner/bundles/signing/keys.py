"""Keys in PEM files: Ed25519, which we make, and ECDSA on P-256, which others use."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from runner.errors import UsageError

Public: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey
Private: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey
LARGEST = 1 << 16  # bytes of a file with a key


class NeedsPassphrase(UsageError):
    """The key is encrypted, and there is no passphrase, or a wrong one."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with."""

    key: Public

    @property
    def id(self) -> str:
        """SHA-256 of the key as the standard writes it (SubjectPublicKeyInfo, DER), hexadecimal."""
        der = self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()

    @property
    def pem(self) -> str:
        """For a file, or for others."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Whether the owner of the private key has signed that message."""
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(signature, message)
            else:
                self.key.verify(signature, message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that one signs with."""

    key: Private

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ECDSA(SHA256()))


def make(path: Path, passphrase: str | None) -> PrivateKey:
    """A new Ed25519 key in a file that only its owner may read.

    Raises:
        UsageError: something is there already, or the file cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already", hint="name a new file: a key is never replaced"
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return PrivateKey(key)


def read_private(path: Path, passphrase: str | None) -> PrivateKey:
    """The key in a PEM file.

    Raises:
        NeedsPassphrase: it is encrypted, and that is not its passphrase.
        UsageError: there is none, or of a kind that we do not know.
    """
    content = _content(path)
    try:
        key = load_pem_private_key(content, passphrase.encode() if passphrase else None)
    except TypeError as error:
        if passphrase:  # of a key that is not encrypted
            return read_private(path, None)
        raise NeedsPassphrase(
            f"{path} is encrypted", hint="RUNNER_KEY_PASSPHRASE is its passphrase"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED" in content:
            raise NeedsPassphrase(f"that is not the passphrase of {path}") from error
        raise _no_key(path, "private") from error
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return PrivateKey(key)
    raise _no_key(path, "private")


def read_public(path: Path) -> PublicKey:
    """The public key in a PEM file; a file with a private key that is not encrypted will do.

    Raises:
        UsageError: there is none, or of a kind that we do not know.
    """
    content = _content(path)
    if b"PRIVATE KEY" in content:
        return read_private(path, None).public
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(path, "public") from error
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return PublicKey(key)
    raise _no_key(path, "public")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def _no_key(path: Path, kind: str) -> UsageError:
    return UsageError(
        f"{path} holds no {kind} key for Ed25519 or ECDSA on P-256, in PEM",
        hint="`runner sign --new-key PATH` makes one",
    )
