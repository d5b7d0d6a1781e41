r"""Names of files between Python and git: git writes odd ones as C strings in ASCII, and reads them so.

>>> quoted("plain name"), quoted("a\tb")
('plain name', '"a\\011b"')
>>> unquoted(r'"a\303\244b"'), unquoted("plain name")
('aäb', 'plain name')
"""

import os
from ast import literal_eval

_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')


def quoted(name: str) -> str:
    """As git reads it, one per line; bytes that are no UTF-8 stay what they are."""
    data = os.fsencode(name)
    if _PLAIN.issuperset(data):
        return name
    return '"' + "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in data) + '"'


def unquoted(text: str) -> str:
    """The name that git wrote under `core.quotePath`: its C strings are literals of Python, too."""
    if not text.startswith('"'):
        return text
    data: bytes = literal_eval(f"b{text}")
    return os.fsdecode(data)
