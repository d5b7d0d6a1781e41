"""`runner server`, from outside."""

import urllib.request

from tests.server.servers import running_server


def test_a_server_answers_at_the_address_that_it_tells() -> None:
    with running_server() as server, urllib.request.urlopen(f"{server.uri}/health") as answer:
        assert answer.read() == b"OK"
