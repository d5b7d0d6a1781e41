"""Who may do what: every route, for everybody from nobody to an administrator, by the decisions in decisions.py."""

from collections.abc import Iterator, Sequence

import pytest
from starlette.routing import BaseRoute, Mount, Route

from runner.server.app import CALLS, PREFIXES, UNSUPPORTED, Calls
from runner.tracking.access import Permission
from tests.server import decisions
from tests.server.conftest import API
from tests.server.decisions import Decision, Open
from tests.server.roles import GHOST, ROLES, Answer, Server, World, serving

AJAX = "/ajax-api/"
each = pytest.mark.parametrize


@pytest.fixture(scope="module")
def routes_and_server(
    tmp_path_factory: pytest.TempPathFactory, new_database: bytes
) -> Iterator[tuple[Sequence[BaseRoute], Server]]:
    with serving(tmp_path_factory.mktemp("server"), new_database) as (server, app):
        yield app.routes, server


@pytest.fixture(scope="module")
def server(routes_and_server: tuple[Sequence[BaseRoute], Server]) -> Server:
    return routes_and_server[1]


def test_each_route_of_the_application_has_its_decision(
    routes_and_server: tuple[Sequence[BaseRoute], Server],
) -> None:
    found = set(_named(routes_and_server[0]))

    calls = {f"{method} {call.path}" for call in CALLS for method in call.methods}
    assert calls == set(decisions.CALLS)
    assert {name for name in found if AJAX not in name} == set(decisions.ROUTES)
    assert {name.replace(AJAX, "/api/") for name in found if AJAX in name} <= set(decisions.ROUTES)


def test_a_call_that_reading_methods_reach_changes_nothing() -> None:
    assert [call.path for call in CALLS if call.writes and "GET" in call.methods] == []


CASES = [
    *((name, True, decision) for name, decision in decisions.CALLS.items()),
    *((name, False, decision) for name, decision in decisions.ROUTES.items()),
]


@each(("name", "call", "decision"), CASES, ids=[name for name, _, _ in CASES])
def test_a_route_is_for_those_who_may(name: str, call: bool, decision: Decision, server: Server) -> None:
    method, _, path = name.partition(" ")
    names = _aliases(decision.path or path, call=call)
    world = server.world()

    for place in names:
        nobody = server.ask(None, method, place, decision, world)
        assert nobody.status == (200 if decision.needs is Open.ALL else 401), place
        if isinstance(decision.needs, Permission):
            outsider = server.ask("outsider", method, place, decision, world)
            ghost = server.ask("outsider", method, place, decision, GHOST)
            assert outsider.status == 404, outsider.text
            assert _without_names(outsider, world) == _without_names(ghost, GHOST)
    for role, permission in ROLES.items():
        answer = server.ask(role, method, names[0], decision, world)
        if isinstance(decision.needs, Permission) and permission and not permission.reaches(decision.needs):
            assert answer.status == (404 if permission is Permission.NONE else 403), (role, answer.text)
        elif decision.needs is Open.ADMINS and role != "admin":
            assert answer.status == 403, (role, answer.text)
        else:
            assert answer.status == decision.status, (role, answer.text)
            world = server.world() if method != "GET" else world
        if decision.needs is Open.FILTERED:
            assert (world.names["name"] in answer.text) == (role != "outsider") or method != "GET"


def _named(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    """`GET /path` for each of them; those that stand for all that is not supported have one answer for everybody."""
    for route in routes:
        match route:
            case Calls():
                pass
            case Mount():
                yield from _named(route.routes, prefix + route.path)
            case Route():
                if route.path not in UNSUPPORTED or route.endpoint.__name__ != "_unsupported":
                    yield from (
                        f"{method} {prefix}{route.path}" for method in (route.methods or set()) - {"HEAD"}
                    )
            case _:
                raise AssertionError(f"what is {route}?")


def _aliases(path: str, *, call: bool) -> list[str]:
    """All names of a place."""
    if call:
        return [prefix + path for prefix in PREFIXES]
    return [path, path.replace("/api/", AJAX, 1)] if path.startswith(("/api/2.0", "/api/3.0")) else [path]


def _without_names(answer: Answer, world: World) -> tuple[int, str]:
    text = answer.text
    for key in sorted(world.names, key=lambda key: -len(world.names[key])):
        text = text.replace(world.names[key], key)
    return answer.status, text


def test_a_reader_of_a_model_who_registers_it_changes_no_tag_of_it(server: Server) -> None:
    world = server.world()
    place = world.filled(f"{API}logged-models/{{model}}")
    tags = [{"key": "mlflow.modelVersions", "value": "[]"}]  # so do clients

    reader, outsider, editor = (
        server.send(role, "PATCH", f"{place}/tags", body={"tags": tags}).status
        for role in ("reader", "outsider", "editor")
    )

    assert (reader, outsider, editor) == (200, 404, 200)
    shown = server.send("reader", "GET", place).body["model"]["info"]["tags"]
    assert [tag["key"] for tag in shown] == ["mlflow.modelVersions", "tag"]  # the editor's
