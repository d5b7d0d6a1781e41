"""Who is signed in with a browser. Each thing that a stranger's page could try is tried, and told from what our own page does."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from runner.server.access import attempts, authentication, guard, sessions
from runner.server.access.attempts import FREE
from runner.server.access.passwords import digest, hashed
from runner.server.ui import Pages
from runner.server.ui.sign_in import safe
from runner.tracking.access import SIGNED_IN
from runner.tracking.clock import now
from tests.server.conftest import API
from tests.server.roles import PASSWORD, ROLES, Answer, Server, fresh, serving

READ = f"{API}experiments/get?experiment_id=0"
TAG = f"{API}experiments/set-experiment-tag"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
each = pytest.mark.parametrize


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the server."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path, new_database: bytes) -> Iterator[Server]:
    with serving(home, new_database, pages=Pages()) as (server, _):
        server.store.users.add("ann", password_hash=hashed(PASSWORD), admin=True)
        yield server


@pytest.fixture(scope="module")
def session(server: Server) -> str:
    """The cookie of somebody who is signed in for all tests."""
    return cookie(enter(server))


@pytest.fixture
def bea(server: Server) -> str:
    """Somebody of whom a test may change what it likes."""
    name = f"bea{next(fresh)}"
    server.store.users.add(name, password_hash=hashed(PASSWORD), admin=True)
    return name


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was verified is looked at again by the next request."""
    monkeypatch.setattr(authentication, "FRESH", 0.0)


def post(server: Server, path: str, fields: Mapping[str, str], headers: Mapping[str, str] = {}) -> Answer:
    return server.form(
        path, urlencode(fields), {"User-Agent": FIREFOX, "Sec-Fetch-Site": "same-origin", **headers}
    )


def enter(server: Server, **fields: str) -> Answer:
    return post(server, "/sign-in", {"name": "ann", "secret": PASSWORD, **fields})


def cookie(answer: Answer) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]


def read(server: Server, cookie: str, **headers: str) -> int:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.send(None, "GET", READ, headers={"Cookie": cookie, **said}).status


def test_a_stranger_is_shown_the_form_and_comes_back_to_the_page(server: Server) -> None:
    asked = server.send(None, "GET", "/runs?q=lr+%3C+1&sort=-loss")
    assert (asked.status, asked.headers["Location"]) == (
        303,
        "/sign-in?to=%2Fruns%3Fq%3Dlr%2B%253C%2B1%26sort%3D-loss",
    )

    form = server.send(None, "GET", asked.headers["Location"])
    assert form.status == 200
    assert 'value="/runs?q=lr+%3C+1&amp;sort=-loss"' in form.text
    entered = enter(server, to="/runs?q=lr+%3C+1&sort=-loss")

    assert (entered.status, entered.headers["Location"]) == (303, "/runs?q=lr+%3C+1&sort=-loss")
    assert server.send(None, "GET", "/runs", headers={"Cookie": cookie(entered)}).status == 200
    assert read(server, cookie(entered)) == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(server: Server) -> None:
    set_cookie = enter(server).headers["Set-Cookie"]

    port = urlsplit(server.uri).port
    assert re.fullmatch(
        rf"runner-{port}=rnr_[\w-]{{43}}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Strict", set_cookie
    )
    assert set(server.store.users.tokens("ann")[0].name.split()[-1]) <= set("0123456789abcdef")


def test_behind_https_the_cookie_never_goes_without(server: Server) -> None:
    host = urlsplit(server.uri).netloc

    assert sessions.set_cookie({"host": host}, "rnr_x", secure=True).endswith("; Secure")


def test_what_is_kept_of_a_session_is_no_cookie(session: str, home: Path) -> None:
    token = session.partition("=")[2]

    kept = b"".join(file.read_bytes() for file in home.glob("runner.db*"))

    assert digest(token).encode() in kept
    assert token.encode() not in kept


def test_who_mistypes_is_told_so_and_nothing_else(server: Server) -> None:
    wrong = enter(server, secret="wrong horse battery staple")
    nobody = enter(server, name="nobody", secret="wrong horse battery staple")

    assert (wrong.status, nobody.status) == (401, 401)
    assert wrong.text.replace('value="ann"', "") == nobody.text.replace('value="nobody"', "")
    assert "Set-Cookie" not in wrong.headers


def test_who_guesses_in_the_form_must_wait_as_elsewhere(
    server: Server, bea: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FIRST", 60.0)

    answers = [enter(server, name=bea, secret=f"wrong horse battery {n}") for n in range(FREE)]

    assert [answer.status for answer in answers] == [401] * FREE
    right = enter(server, name=bea)
    assert right.status == 429
    assert re.search("try again in [0-9]+ seconds", right.text)


def test_what_somebody_typed_is_text_in_the_page(server: Server) -> None:
    answer = enter(server, name='"><script>alert(1)</script>', to='/"><script>alert(1)</script>')

    assert "<script>alert" not in answer.text


def test_a_token_signs_in_without_a_name_and_ends_with_itself(server: Server, at_once: None) -> None:
    token = server.token("ann", "laptop")

    entered = enter(server, name="", secret=token)

    assert cookie(entered).endswith(f"={token}")
    assert read(server, cookie(entered)) == 200
    server.store.users.revoke_token("ann", "laptop")
    assert read(server, cookie(entered)) == 401


def test_signing_out_ends_the_session_and_no_other(server: Server, at_once: None) -> None:
    here, there = cookie(enter(server)), cookie(enter(server))

    left = post(server, "/sign-out", {}, {"Cookie": here})

    assert (left.status, left.headers["Location"]) == (303, "/sign-in")
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    assert (read(server, here), read(server, there)) == (401, 200)


def test_a_session_outlives_a_restart(tmp_path: Path, new_database: bytes) -> None:
    with serving(tmp_path, new_database, pages=Pages()) as (server, _):
        server.store.users.add("ann", password_hash=hashed(PASSWORD))
        value = cookie(enter(server)).partition("=")[2]
        for name in ROLES:  # the next one makes them anew
            server.store.users.remove(name)
    kept = (tmp_path / "runner.db").read_bytes()

    with serving(tmp_path, kept, pages=Pages()) as (again, _):
        assert read(again, f"runner-{urlsplit(again.uri).port}={value}") == 200


def test_a_new_password_ends_all_sessions_and_no_token(server: Server, bea: str, at_once: None) -> None:
    session, token = cookie(enter(server, name=bea)), server.token(bea, "ci")

    server.store.users.set_password(bea, hashed(PASSWORD + " two"))

    assert read(server, session) == 401
    assert server.send(None, "GET", READ, headers={"Authorization": f"Bearer {token}"}).status == 200


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(
    server: Server, bea: str, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    old = cookie(enter(server, name=bea))
    life = round(sessions.LIFE.total_seconds() * 1000)
    monkeypatch.setattr(sessions, "now", lambda: now() + life + 1)
    monkeypatch.setattr(authentication, "now", lambda: now() + life + 1)

    assert read(server, old) == 401
    enter(server, name=bea)
    assert len([t for t in server.store.users.tokens(bea) if t.name.startswith(SIGNED_IN)]) == 1


# What pages of others try ---------------------------------------------------------------------------------
@each("site", ["cross-site", "same-site"])
def test_the_cookie_counts_for_our_own_pages_alone(site: str, server: Server, session: str) -> None:
    """A server at another port of this machine is the same site to a browser."""
    assert read(server, session, Sec_Fetch_Site="same-origin") == 200
    assert read(server, session, Sec_Fetch_Site=site) == 401


def test_that_guard_holds_it(server: Server, session: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "OWN", frozenset({"same-origin", "none", "same-site"}))

    assert read(server, session, Sec_Fetch_Site="same-site") == 200


@each(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "{uri}"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 401),
    ],
)
def test_a_cookie_writes_only_where_the_browser_says_whose_page_it_is(
    headers: dict[str, str], status: int, server: Server, session: str
) -> None:
    said = {name: value.format(uri=server.uri) for name, value in headers.items()}

    answer = server.send(
        None,
        "POST",
        TAG,
        body={"experiment_id": "0", "key": "a", "value": "b"},
        headers={"Cookie": session, **said},
    )

    assert answer.status == status


def test_without_that_guard_it_would_write(
    server: Server, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "EVIDENCE", frozenset({"host"}))

    tag = {"experiment_id": "0", "key": "a", "value": "b"}

    assert server.send(None, "POST", TAG, body=tag, headers={"Cookie": session}).status == 200


@each("path", ["/sign-in", "/sign-out"])
def test_nobody_signs_somebody_in_or_out_from_elsewhere(path: str, server: Server) -> None:
    answer = post(
        server,
        path,
        {"name": "ann", "secret": PASSWORD},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    )

    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


def test_who_follows_a_link_to_us_asks_once_more_with_the_cookie(server: Server) -> None:
    """The browser sends no cookie along with a link from elsewhere; from our own page it does."""
    answer = server.send(
        None, "GET", "/runs", headers={"Sec-Fetch-Site": "cross-site", "User-Agent": FIREFOX}
    )

    assert answer.status == 200
    assert '<meta http-equiv="refresh" content="0">' in answer.text
    assert server.send(None, "GET", "/runs", headers={"Sec-Fetch-Site": "same-origin"}).status == 303


@each(
    ("to", "safely"),
    [
        ("/runs?q=a%20b", "/runs?q=a%20b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example", "/"),
        ("/runs\r\nSet-Cookie: a=b", "/"),
        ("/a\\b", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(to: str, safely: str, server: Server) -> None:
    assert safe(to) == safely
    assert enter(server, to=to).headers["Location"] == safely


def test_a_browser_is_not_made_to_ask_by_itself(server: Server) -> None:
    quiet = server.send(None, "GET", READ, headers={"User-Agent": FIREFOX})
    program = server.send(None, "GET", READ, headers={"User-Agent": "mlflow-python-client/3.17.2"})

    assert (quiet.status, program.status) == (401, 401)
    assert quiet.headers["WWW-Authenticate"] == 'Bearer realm="runner"'
    assert program.headers["WWW-Authenticate"].startswith("Basic ")


def test_the_cookie_of_another_server_of_this_machine_is_not_ours(server: Server, session: str) -> None:
    value = session.partition("=")[2]

    assert read(server, f"runner-1={value}; runner={value}") == 401


@each(
    "browser",
    [FIREFOX, "", "curl/8.0", 'x"\n<b>' * 99, "Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Edg/156.0"],
)
def test_whatever_a_browser_calls_itself_it_has_a_name(browser: str) -> None:
    assert re.fullmatch(r"(browser|Firefox|Edge|Chrome)( on (Linux|Windows))?", sessions.told(browser))
