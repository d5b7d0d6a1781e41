"""The command table itself."""

from tests.conftest import Cli


def test_an_unknown_command_is_a_usage_error(cli: Cli) -> None:
    outcome = cli("rum")

    assert outcome.code == 2
    assert "rum" in outcome.err
