"""A server with artifacts at some place, and plain HTTP with its proxy."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.server.servers import running_server

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
API = "/api/2.0/mlflow/"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Proxy:
    """`uri` is the server's; paths are below the artifacts of one run, and escaped as they should be."""

    uri: str
    pid: int
    run: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = self.uri.removeprefix("http://")
        self.run = self.new_run()

    def new_run(self, experiment: str = "0") -> dict[str, Any]:
        made: dict[str, Any] = self.call("runs/create", experiment_id=experiment)["run"]["info"]
        return made

    @property
    def root(self) -> str:
        """The path of the run's artifacts, below the root of all."""
        uri: str = self.run["artifact_uri"]
        return uri.removeprefix("mlflow-artifacts:/").strip("/")

    def call(self, path: str, **body: object) -> Any:
        answer = self.send(
            "POST", API + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        assert answer.status == 200, answer
        return answer.json

    def put(self, path: str, body: object = b"", **headers: str) -> Answer:
        return self.send("PUT", self.url(path), body, _dashed(headers))

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", self.url(path), None, _dashed(headers))

    def head(self, path: str, **headers: str) -> Answer:
        return self.send("HEAD", self.url(path), None, _dashed(headers))

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", self.url(path))

    def list(self, path: str = "") -> list[dict[str, Any]]:
        answer = self.send("GET", f"{PROXY}?{urlencode({'path': f'{self.root}/{path}'})}")
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json.get("files", [])
        return found

    def url(self, path: str) -> str:
        return f"{PROXY}/{self.root}/{quote(path)}"

    def send(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}) -> Answer:
        with closing(http.client.HTTPConnection(self.address, timeout=60)) as connection:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


@contextmanager
def running_proxy(environ: Mapping[str, str], *arguments: str) -> Iterator[Proxy]:
    with running_server(*arguments, environ=environ) as server:
        yield Proxy(server.uri, server.process.pid)


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
