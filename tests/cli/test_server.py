"""`runner server` as a process: what it says, how it ends, whom it lets in."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import Cli
from tests.server.servers import running_server

PASSWORD = "correct horse battery staple"


def command(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    arguments = [sys.executable, "-m", "runner", *words]
    return subprocess.run(arguments, input=given, capture_output=True, text=True, check=False, timeout=30)


def status(uri: str, headers: Mapping[str, str] = {}, context: ssl.SSLContext | None = None) -> int:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(uri, headers=dict(headers)), context=context, timeout=10
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(number: signal.Signals) -> None:
    with running_server() as server:
        assert status(f"{server.uri}/health") == 200
        server.process.send_signal(number)
        assert server.process.wait(10) == 0


def test_a_second_signal_ends_it_at_once() -> None:
    with running_server() as server:
        host, port = server.uri.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as waiting:  # a request that never gets whole
            waiting.sendall(
                f"POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: {host}:{port}\r\n"
                "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{".encode()
            )
            time.sleep(0.5)
            server.process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                server.process.wait(1)
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(5) == 128 + signal.SIGINT


def test_what_it_serves_is_told_without_passwords(tmp_path: Path) -> None:
    with running_server(
        "--artifact-root", tmp_path.as_uri(), "--tracking-uri", f"sqlite:///{tmp_path}/x.db"
    ) as server:
        server.process.terminate()
        assert server.process.wait(10) == 0
        assert server.uri.startswith("http://127.0.0.1:")
    assert server.said[:3] == [
        f"store        sqlite:///{tmp_path}/x.db\n",
        f"artifacts    {tmp_path.as_uri()} (through this server)\n",
        "sign-in      not asked for\n",
    ]


def test_the_password_of_a_store_is_not_told() -> None:
    from runner.cli.server import _without_password  # noqa: PLC0415

    assert _without_password("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"


def test_a_port_that_is_taken_is_told(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = cli("server", "--port", str(taken.getsockname()[1]))

    assert refused.code == 2
    assert "cannot listen at 127.0.0.1" in refused.err
    assert "--port takes another" in refused.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_nobody_is_served_from_elsewhere_without_sign_in(host: str, cli: Cli) -> None:
    refused = cli("server", "--host", host, "--port", "0")

    assert (refused.code, "without --auth" in refused.err) == (2, True)


def test_sign_in_needs_somebody_who_can(cli: Cli) -> None:
    refused = cli("server", "--auth", "--port", "0")

    assert (refused.code, "runner users add NAME --admin" in refused.err) == (2, True)


def test_a_host_pattern_is_refused(cli: Cli) -> None:
    refused = cli("server", "--allow-host", "*.example.org", "--port", "0")

    assert (refused.code, "is no name of a host" in refused.err) == (2, True)


def test_with_sign_in_other_machines_are_served_and_names_are_allowed() -> None:
    assert command("users", "add", "ann", "--admin", "--password-stdin", given=PASSWORD).returncode == 0
    token = command("tokens", "create", "--user", "ann").stdout.strip()
    bearer = {"Authorization": f"Bearer {token}"}

    with running_server("--auth", "--host", "0.0.0.0", "--allow-host", "runs.example.org") as server:
        uri = server.uri.replace("0.0.0.0", "127.0.0.1") + "/api/2.0/mlflow/experiments/get?experiment_id=0"
        assert status(uri) == 401
        assert status(uri, bearer) == 200
        assert status(uri, {**bearer, "Host": "runs.example.org"}) == 200
        assert status(uri, {**bearer, "Host": "other.example.org"}) == 403


def test_failed_requests_are_logged_as_json_without_secrets() -> None:
    command("users", "add", "ann", "--password-stdin", given=PASSWORD)
    with running_server("--auth", "--access-log") as server:
        path = "/api/2.0/mlflow/experiments/get"
        assert status(f"{server.uri}/health") == 200
        assert status(f"{server.uri}{path}?secret=one", {"Authorization": "Bearer rnr_secret"}) == 401

    told = [json.loads(line) for line in server.rest]
    assert [(line["path"], line["status"], line["level"]) for line in told] == [
        ("/health", 200, "info"),
        (path, 401, "warning"),
    ]
    assert "secret" not in "".join(server.rest)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "cert.pem", tmp_path / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


def test_https_is_served_with_a_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = map(os.fspath, certificate)
    context = ssl.create_default_context(cafile=cert)

    with running_server("--tls-cert", cert, "--tls-key", key) as server:
        assert server.uri.startswith("https://127.0.0.1:")
        uri = server.uri.replace("127.0.0.1", "localhost")
        assert status(f"{uri}/api/2.0/mlflow/experiments/get?experiment_id=0", context=context) == 200


def test_a_certificate_that_cannot_be_used_is_told(certificate: tuple[Path, Path], cli: Cli) -> None:
    cert, _ = map(os.fspath, certificate)

    for arguments in (["--tls-cert", cert], ["--tls-cert", cert, "--tls-key", f"{cert}x"]):
        refused = cli("server", "--port", "0", *arguments)
        assert (refused.code, "cannot be used" in refused.err) == (2, True)


def test_a_key_needs_its_certificate(certificate: tuple[Path, Path], cli: Cli) -> None:
    refused = cli("server", "--port", "0", "--tls-key", os.fspath(certificate[1]))

    assert (refused.code, "--tls-cert" in refused.err) == (2, True)
