"""`runner users` and `runner tokens`."""

import io
import json
import os
import sys

import pytest

from runner.cli.output import clock
from runner.server.access.passwords import digest, fits
from runner.settings import Settings
from runner.tracking.clock import now
from runner.tracking.opening import open_database_store
from tests.conftest import Cli

PASSWORD = "correct horse battery staple"
DAY = 86_400_000


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `--password-stdin` reads."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n" * 5))


@pytest.fixture
def ann(cli: Cli) -> None:
    assert cli("users", "add", "ann", "--password-stdin").code == 0


def kept(name: str) -> str | None:
    store = open_database_store(Settings.from_environ(os.environ))
    try:
        found = store.users.secret(name)
        return found[1] if found else None
    finally:
        store.close()


def test_a_user_is_added_and_listed(cli: Cli) -> None:
    made = cli("users", "add", "root", "--admin", "--password-stdin", "--json")
    cli("users", "add", "ann", "--password-stdin")

    assert (made.code, json.loads(made.out)["admin"]) == (0, True)
    assert [one["name"] for one in json.loads(cli("users", "list", "--json").out)] == ["ann", "root"]
    assert [line.split("\t")[:2] for line in cli("users", "list").out.splitlines()] == [
        ["NAME", "ADMIN"],
        ["ann", ""],
        ["root", "yes"],
    ]
    assert fits(PASSWORD, kept("ann"))


def test_a_short_password_is_refused_and_says_why(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("elevenchars\n"))

    refused = cli("users", "add", "ann", "--password-stdin")

    assert refused.code == 7
    assert "the password has 11 characters, fewer than 12" in refused.err
    assert cli("users", "list", "--json").out.strip() == "[]"


def test_no_password_comes_from_the_command_line(cli: Cli) -> None:
    assert cli("users", "add", "ann", "--password", PASSWORD).code == 2
    assert cli("users", "add", "ann", PASSWORD).code == 2
    refused = cli("users", "add", "ann")
    assert (refused.code, "--password-stdin" in refused.err) == (2, True)


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\nb", "a" * 251, " ann"])
def test_what_is_no_name_for_a_user_is_refused(name: str, cli: Cli) -> None:
    refused = cli("users", "add", name, "--password-stdin")

    assert (refused.code, "is no name for a user" in refused.err) == (7, True)


def test_a_name_is_taken_once(ann: None, cli: Cli) -> None:
    assert "there is a user 'ann' already" in cli("users", "add", "ann", "--password-stdin").err


def test_a_password_is_changed_and_a_user_removed(
    ann: None, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("another horse battery\n"))

    assert cli("users", "password", "ann", "--password-stdin").code == 0
    assert fits("another horse battery", kept("ann"))
    assert not fits(PASSWORD, kept("ann"))
    assert cli("users", "remove", "ann").code == 0
    assert kept("ann") is None
    assert "there is no user 'ann'" in cli("users", "remove", "ann").err


def test_permissions_are_granted_listed_and_taken_back(ann: None, cli: Cli) -> None:
    cli("experiments", "create", "made")
    assert cli("users", "grant", "ann", "EDIT", "--experiment", "made").code == 0
    cli("users", "grant", "ann", "MANAGE", "--experiment", "made")
    cli("users", "grant", "ann", "NONE", "--experiment", "0")

    assert json.loads(cli("users", "permissions", "ann", "--json").out) == [
        {"experiment_id": "0", "experiment": "Default", "permission": "NONE"},
        {"experiment_id": "1", "experiment": "made", "permission": "MANAGE"},
    ]
    assert "experiment\tmade\tMANAGE" in cli("users", "permissions", "ann").out
    assert cli("users", "revoke", "ann", "--experiment", "made").code == 0
    assert "made" not in cli("users", "permissions", "ann").out
    assert cli("users", "revoke", "ann", "--experiment", "made").code == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ann", "EDIT"], "either --experiment NAME or --model NAME"),
        (["ann", "EDIT", "--experiment", "0", "--model", "m"], "either --experiment NAME or --model NAME"),
        (["ann", "EDIT", "--experiment", "nope"], "there is no experiment 'nope'"),
        (["ann", "EDIT", "--model", "nope"], "there is no registered model 'nope'"),
        (["bob", "EDIT", "--experiment", "0"], "there is no user 'bob'"),
        (["ann", "WRITE", "--experiment", "0"], "'WRITE' is not one of"),
    ],
)
def test_a_grant_that_means_nothing_is_explained(
    arguments: list[str], message: str, ann: None, cli: Cli
) -> None:
    refused = cli("users", "grant", *arguments)

    assert refused.code in {2, 7}
    assert message in refused.err


def test_a_token_is_shown_once_and_only_its_digest_kept(ann: None, cli: Cli) -> None:
    made = cli("tokens", "create", "--user", "ann", "--name", "laptop", "--expires", "2d")
    (token,) = made.out.splitlines()

    assert token.startswith("rnr_")
    assert "will not be shown again" in made.err
    (shown,) = json.loads(cli("tokens", "list", "--json").out)
    assert (shown["user"], shown["name"], shown["ending"]) == ("ann", "laptop", token[-4:])
    assert abs(shown["expiration_time"] - now() - 2 * DAY) < 60_000
    listed = cli("tokens", "list", "--user", "ann").out
    assert f"rnr_...{token[-4:]}" in listed
    assert clock(shown["expiration_time"]) in listed
    assert token not in listed
    store = open_database_store(Settings.from_environ(os.environ))
    assert store.users.with_token(digest(token), now()) is not None
    store.close()


def test_tokens_are_revoked(ann: None, cli: Cli) -> None:
    token = json.loads(cli("tokens", "create", "--user", "ann", "--name", "t", "--json").out)["token"]

    assert cli("tokens", "revoke", "t", "--user", "ann").code == 0
    assert cli("tokens", "list", "--json").out.strip() == "[]"
    refused = cli("tokens", "revoke", "t", "--user", "ann")
    assert (refused.code, token in refused.err) == (7, False)


@pytest.mark.parametrize("age", ["90", "0d", "1y", "-1d", "d", "1.5h"])
def test_an_age_is_a_number_and_a_unit(age: str, ann: None, cli: Cli) -> None:
    refused = cli("tokens", "create", "--user", "ann", "--expires", age)

    assert (refused.code, "write 90d, 12h, 2w or never" in refused.err) == (2, True)


def test_a_token_may_last_for_ever(ann: None, cli: Cli) -> None:
    cli("tokens", "create", "--user", "ann", "--expires", "never")

    assert cli("tokens", "list").out.splitlines()[1].endswith("\tnever")
