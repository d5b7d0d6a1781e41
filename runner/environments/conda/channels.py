"""Channels as a conda file names them, and the user, password or token in their URLs, which nothing keeps.

https://user:password@host/channel     https://host/t/TOKEN/channel     ${NAME} in either is a variable of the caller
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

from runner.environments.trouble import without_logins

# What conda means by it: https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/channels.html
DEFAULTS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
USUAL = ("conda-forge",)  # for a file that names none: what everybody may use

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"(://[^/]+(?:/[^/]+)*?)/t/[^/]+")
_NAMED_LOGIN = re.compile(r"(?<=://)(?:\$\{?\w+\}?:?)+@|/t/\$\{?\w+\}?(?=/|$)")
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


def channels(written: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The channels to ask, in their order, with logins; `defaults` spelt out.

    >>> channels(["defaults", "nodefaults", "https://$HIDDEN@host/private/"], {"HIDDEN": "me:secret"})[1:]
    ('https://repo.anaconda.com/pkgs/r', 'https://me:secret@host/private')
    """
    named = [_expanded(name.strip(), environ).rstrip("/") for name in written if name.strip() != "nodefaults"]
    spelt = (place for name in named for place in (DEFAULTS if name == "defaults" else (name,)))
    return tuple(dict.fromkeys(spelt)) or USUAL


def public(url: str) -> str:
    """A URL, or the name of a channel, without user, password and token.

    >>> public("https://me:secret@host/t/abc-123/private/linux-64/a-1-0.conda")
    'https://host/private/linux-64/a-1-0.conda'
    """
    return _TOKEN.sub(r"\1", without_logins(url))


def has_secret(url: str) -> bool:
    """Whether a login is written out in a URL; a name of a variable is none.

    >>> has_secret("https://me:secret@host/x"), has_secret("https://${ME}:$SECRET@host/t/$TOKEN/x")
    (True, False)
    """
    named = _NAMED_LOGIN.sub("", url)
    return public(named) != named


def variables(url: str) -> list[str]:
    """Names of the caller's variables in a URL.

    >>> variables("https://${ME}:$SECRET@host/x")
    ['ME', 'SECRET']
    """
    return sorted({found[1] or found[2] for found in _VARIABLE.finditer(url)}) if "://" in url else []


def mistaken(logins: Mapping[str, str], urls: Iterable[str]) -> tuple[str, str] | None:
    """An address that would get a login which is for another one: rattler tells channels apart by host and path only.

    Args:
        logins: address of a channel -> the same with its login.
    """
    with_user = [place for place, url in logins.items() if urlsplit(url).username is not None]
    return next(
        ((url, place) for url in urls for place in with_user if _alike(urlsplit(url), urlsplit(place))), None
    )


def _alike(one: SplitResult, other: SplitResult) -> bool:
    below = f"{one.path}/".startswith(f"{other.path}/")
    return below and one.hostname == other.hostname and _origin(one) != _origin(other)


def _origin(parts: SplitResult) -> tuple[str, int | None]:
    return parts.scheme, parts.port or _PORTS.get(parts.scheme)


def _expanded(channel: str, environ: Mapping[str, str]) -> str:
    """Variables filled in, as conda does; in URLs only."""
    if "://" not in channel:
        return channel
    return _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), channel)
