"""Signed Statements as DSSE has them: https://github.com/secure-systems-lab/dsse

{"payloadType": "application/vnd.in-toto+json", "payload": base64, "signatures": [{"keyid": ..., "sig": base64}]}
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from runner.bundles.signing.keys import PrivateKey, PublicKey
from runner.errors import TrackingError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 64 << 20  # bytes


class Signature(msgspec.Struct, frozen=True):
    """One of them; `keyid` is a hint, and proves nothing."""

    sig: str
    keyid: str = ""


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """An envelope as JSON."""

    payload_type: str
    payload: str
    signatures: list[Signature]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, and who has signed it."""

    payload: bytes
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def read(cls, content: bytes, name: str) -> "Envelope":
        """The envelope in a document.

        Raises:
            TrackingError: it is none, or about something else than a Statement.
        """
        try:
            found = msgspec.json.decode(content, type=Document)
            payload = b64decode(found.payload, validate=True)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, NotBase64, ValueError) as error:
            raise TrackingError(f"{name} is no DSSE envelope: {error}") from error
        if found.payload_type != PAYLOAD_TYPE:
            raise TrackingError(f"{name} is signed for something else: {found.payload_type!r}")
        return cls(payload, tuple(found.signatures))

    @property
    def message(self) -> bytes:
        """What is signed: the payload with its type, so that it can stand for nothing else (PAE)."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def signed(self, key: PrivateKey) -> "Envelope":
        """The same with one signature more; an older one of the same key makes way."""
        mine = Signature(sig=b64encode(key.sign(self.message)).decode(), keyid=key.public.id)
        others = tuple(one for one in self.signatures if one.keyid != mine.keyid)
        return replace(self, signatures=(*others, mine))

    def signers(self, trusted: Sequence[PublicKey]) -> list[PublicKey]:
        """Those of the trusted keys by which it is signed. Which key a signature names does not count."""
        return [key for key in trusted if any(self._fits(key, one) for one in self.signatures)]

    def encoded(self) -> bytes:
        """As JSON."""
        document = Document(PAYLOAD_TYPE, b64encode(self.payload).decode(), list(self.signatures))
        return msgspec.json.format(msgspec.json.encode(document)) + b"\n"

    def _fits(self, key: PublicKey, signature: Signature) -> bool:
        try:
            return key.fits(b64decode(signature.sig, validate=True), self.message)
        except (NotBase64, ValueError):
            return False
