"""Who signed in with a browser: a cookie that holds a token.

A session is a token of the user like others, made at sign-in and named so: it is kept as a digest in the store, outlives a restart
of the server, is listed and revoked as tokens are, and ends with the password. Who signs in with a token has that one as cookie.

The cookie counts for requests of our own pages alone: the browser keeps it from other sites (SameSite), and where it says that
another page asks (Sec-Fetch-Site; a server at another port is the same site), the cookie is not looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from runner.server.access.passwords import PREFIX, digest, new_token
from runner.tracking.access import SIGNED_IN, Token, Users
from runner.tracking.clock import now

LIFE = timedelta(days=14)
TOKEN = re.compile(rf"{PREFIX}[\w-]{{20,100}}", re.ASCII)
TELLING = 12  # characters of the digest in a session's name, by which its cookie finds it
OWN = frozenset(
    {"same-origin", "none"}
)  # Sec-Fetch-Site of what our pages ask for, or somebody by the address bar
BROWSERS = re.compile(r"(?P<name>Firefox|Edg|OPR|Chrome|Safari)\w*/")
SYSTEMS = re.compile(r"Android|iPhone|iPad|Windows|Macintosh|CrOS|Linux")


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody is signed in. `current`: the one that asks."""

    name: str
    browser: str
    created: int
    expires: int | None
    current: bool


def authorization(headers: Mapping[str, str]) -> str:
    """The Authorization header that the cookie stands for; "" without a cookie that counts."""
    if headers.get("sec-fetch-site", "none") not in OWN:
        return ""
    token = cookie_of(headers)
    return f"Bearer {token}" if token else ""


def cookie_of(headers: Mapping[str, str]) -> str:
    """The token in the cookie of this server, "" if there is none."""
    name = cookie_name(headers)
    for pair in headers.get("cookie", "").split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name and TOKEN.fullmatch(value):
            return value
    return ""


def cookie_name(headers: Mapping[str, str]) -> str:
    """Cookies are the same at all ports of a host, and servers there are not."""
    port = re.search(r":([0-9]{1,5})$", headers.get("host", ""))
    return f"runner-{port[1]}" if port else "runner"


def set_cookie(headers: Mapping[str, str], token: str, *, secure: bool) -> str:
    """The Set-Cookie header that keeps a token in the browser; with "" what it keeps is removed."""
    age = int(LIFE.total_seconds()) if token else 0
    cookie = f"{cookie_name(headers)}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"
    return f"{cookie}; Secure" if secure else cookie


def begin(users: Users, user: str, browser: str) -> str:
    """A new session of somebody who has shown who they are: its token. Those that are over are forgotten."""
    for token in users.tokens(user):
        if token.name.startswith(SIGNED_IN) and token.expires is not None and token.expires <= now():
            users.revoke_token(user, token.name)
    made = new_token()
    name = f"{SIGNED_IN}{told(browser)} {made.digest[:TELLING]}"
    life = round(LIFE.total_seconds() * 1000)
    users.add_token(user, name, digest=made.digest, ending=made.ending, expires=now() + life)
    return made.text


def sessions(users: Users, user: str, headers: Mapping[str, str]) -> list[Session]:
    """Where the user is signed in, newest first."""
    ours = _tail(cookie_of(headers))
    return [_session(token, ours) for token in users.tokens(user) if token.name.startswith(SIGNED_IN)]


def end(users: Users, headers: Mapping[str, str]) -> None:
    """End the session of the browser; a token that was not made at sign-in stays what it is."""
    token = cookie_of(headers)
    owner = users.with_token(digest(token), now()) if token else None
    if owner is None:
        return
    for session in sessions(users, owner.name, headers):
        if session.current:
            users.revoke_token(owner.name, session.name)


def told(browser: str) -> str:
    """What a browser says of itself, in two words."""
    name, system = BROWSERS.search(browser), SYSTEMS.search(browser)
    names = {"Edg": "Edge", "OPR": "Opera"}
    words = [names.get(name["name"], name["name"]) if name else "browser"]
    return " on ".join([*words, system[0]] if system else words)


def _session(token: Token, ours: str) -> Session:
    browser = token.name.removeprefix(SIGNED_IN).rpartition(" ")[0]
    return Session(
        token.name, browser, token.created, token.expires, bool(ours) and token.name.endswith(ours)
    )


def _tail(token: str) -> str:
    return f" {digest(token)[:TELLING]}" if token else ""
