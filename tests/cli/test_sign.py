"""`runner sign` and `runner verify`: keys, signatures, and who is believed. Another library judges what we sign."""

import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.signer._key import SSlibKey

from tests.conftest import Cli, Files

PROJECT = {"MLproject": "{outputs: [out.txt], entry_points: {main: {command: 'echo 1 > out.txt'}}}"}


@pytest.fixture
def run(cli: Cli, files: Files) -> str:
    cli("run", files(PROJECT), "-q")
    return str(json.loads(cli("runs", "show", "-1", "--json").out)["run_id"])


@pytest.fixture
def bundle(cli: Cli, run: str, tmp_path: Path) -> Path:
    cli("export", run, tmp_path / "run.zip", "-q")
    return tmp_path / "run.zip"


@pytest.fixture
def key(cli: Cli, tmp_path: Path) -> Path:
    """A private key; the public one lies beside it."""
    return new_key(cli, tmp_path / "key.pem")


def new_key(cli: Cli, path: Path) -> Path:
    outcome = cli("sign", "--new-key", path)
    assert outcome.code == 0, outcome.err
    path.with_suffix(".pub").write_text(outcome.out)
    return path


def artifact(cli: Cli, run: str, path: str) -> Path:
    uri = json.loads(cli("runs", "show", run, "--json").out)["artifact_uri"]
    return Path(uri.removeprefix("file://")) / path


def test_a_new_key_is_its_owners_alone_and_never_replaced(cli: Cli, key: Path) -> None:
    before = key.read_bytes()

    again = cli("sign", "--new-key", key)

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert again.code == 2
    assert key.read_bytes() == before
    assert key.with_suffix(".pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")


def test_a_link_where_the_key_would_be_is_not_followed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "link.pem").symlink_to(tmp_path / "target")

    assert cli("sign", "--new-key", tmp_path / "link.pem").code == 2
    assert not (tmp_path / "target").exists()


def test_a_signed_bundle_is_believed_with_the_key_of_its_signer_only(
    cli: Cli, bundle: Path, key: Path, tmp_path: Path
) -> None:
    other = new_key(cli, tmp_path / "other.pem")
    signed = cli("sign", bundle, "--key", key)

    assert signed.out == f"{bundle}.dsse.json\n"
    good = cli("verify", bundle, "--key", key.with_suffix(".pub"), "--json")
    assert (good.code, json.loads(good.out)["verdict"]) == (0, "good")
    assert len(json.loads(good.out)["signers"]) == 1
    wrong = cli("verify", bundle, "--key", other.with_suffix(".pub"))
    assert wrong.code == 1
    assert "by none of the keys" in wrong.out
    both = cli("verify", bundle, "--key", other.with_suffix(".pub"), "--key", key.with_suffix(".pub"))
    assert both.code == 0


def test_a_bundle_without_a_signature_is_one_of_which_nobody_can_tell(
    cli: Cli, bundle: Path, key: Path
) -> None:
    assert cli("verify", bundle).code == 0
    unknown = cli("verify", bundle, "--key", key.with_suffix(".pub"))
    assert (unknown.code, unknown.out) == (2, "unknown: it is not signed\n")


def test_a_signature_of_one_bundle_does_not_do_for_another(
    cli: Cli, files: Files, bundle: Path, key: Path, tmp_path: Path
) -> None:
    cli("sign", bundle, "--key", key)
    cli("run", files(PROJECT), "-q")
    cli("export", "-1", tmp_path / "other.zip", "-q")
    (tmp_path / "other.zip.dsse.json").write_bytes((tmp_path / "run.zip.dsse.json").read_bytes())

    outcome = cli("verify", tmp_path / "other.zip", "--key", key.with_suffix(".pub"))

    assert outcome.code == 1
    assert "what is signed is another file" in outcome.out


def test_a_signed_run_is_believed_and_its_signature_travels(
    cli: Cli, run: str, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("sign", run, "--key", key).out == f"{run}/runner/provenance.dsse.json\n"
    assert cli("verify", run, "--key", key.with_suffix(".pub")).code == 0
    cli("export", run, tmp_path / "signed.zip", "-q")
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "there"))
    cli("import", tmp_path / "signed.zip")

    assert cli("verify", run, "--key", key.with_suffix(".pub")).code == 0
    assert cli("verify", tmp_path / "signed.zip", "--key", key.with_suffix(".pub")).code == 0


@pytest.mark.parametrize(
    "path",
    [
        "out.txt",
        "runner/plan.json",
        "runner/record.json",
        "runner/provenance.json",
        "runner/source/patch.diff",
    ],
)
def test_an_altered_file_of_a_run_is_named(cli: Cli, run: str, key: Path, path: str) -> None:
    cli("sign", run, "--key", key)
    file = artifact(cli, run, path)
    altered = bytearray(file.read_bytes())
    altered[len(altered) // 2] ^= 1
    file.write_bytes(altered)

    outcome = cli("verify", run, "--key", key.with_suffix(".pub"))

    assert outcome.code == 1, outcome.out
    assert "altered" in outcome.out


@pytest.mark.parametrize("path", ["out.txt", "runner/plan.json", "runner/source/patch.diff"])
def test_a_file_of_a_run_that_is_gone_is_named(cli: Cli, run: str, path: str) -> None:
    artifact(cli, run, path).unlink()

    outcome = cli("verify", run)

    assert outcome.code == 1
    assert "gone" in outcome.out


def test_each_altered_bit_of_an_envelope_or_its_payload_is_found(cli: Cli, bundle: Path, key: Path) -> None:
    cli("sign", bundle, "--key", key)
    beside = bundle.with_name(f"{bundle.name}.dsse.json")
    document = json.loads(beside.read_bytes())
    payload, signature = document["payload"], document["signatures"][0]["sig"]
    changed = [
        {**document, "payload": payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]},
        {**document, "payloadType": "text/plain"},
        {**document, "signatures": [{"sig": ("A" if signature[0] != "A" else "B") + signature[1:]}]},
        {**document, "signatures": [{"sig": "no base64!"}]},
        {**document, "payload": "no base64!"},
        [],
    ]
    for one in changed:
        beside.write_text(json.dumps(one))
        assert cli("verify", bundle, "--key", key.with_suffix(".pub")).code == 1, one
    beside.write_text(json.dumps({**document, "signatures": [{"sig": signature, "keyid": "another"}]}))
    assert cli("verify", bundle, "--key", key.with_suffix(".pub")).code == 0  # the id of a key is a hint


def test_several_people_sign_the_same(cli: Cli, bundle: Path, key: Path, tmp_path: Path) -> None:
    other = new_key(cli, tmp_path / "other.pem")
    for one in (key, other, key):
        assert cli("sign", bundle, "--key", one).code == 0

    document = json.loads(bundle.with_name("run.zip.dsse.json").read_bytes())
    assert len(document["signatures"]) == 2
    for one in (key, other):
        assert cli("verify", bundle, "--key", one.with_suffix(".pub")).code == 0


def test_another_library_believes_our_signatures(cli: Cli, bundle: Path, run: str, key: Path) -> None:
    cli("sign", bundle, "--key", key)
    cli("sign", run, "--key", key)
    public = SSlibKey.from_crypto(load_pem_public_key(key.with_suffix(".pub").read_bytes()))

    for file in (bundle.with_name("run.zip.dsse.json"), artifact(cli, run, "runner/provenance.dsse.json")):
        envelope = Envelope.from_dict(json.loads(file.read_bytes()))
        [(keyid, signature)] = envelope.signatures.items()
        public.keyid = keyid
        public.verify_signature(signature, envelope.pae())
        assert json.loads(envelope.payload)["predicateType"] == "https://slsa.dev/provenance/v1"


def test_the_statement_of_a_bundle_is_one_of_in_totos(cli: Cli, bundle: Path, key: Path) -> None:
    from google.protobuf.json_format import ParseDict  # noqa: PLC0415
    from in_toto_attestation.v1 import statement_pb2  # noqa: PLC0415
    from in_toto_attestation.v1.statement import Statement  # noqa: PLC0415 - it takes a second to import

    cli("sign", bundle, "--key", key)
    payload = json.loads(
        Envelope.from_dict(json.loads(bundle.with_name("run.zip.dsse.json").read_bytes())).payload
    )

    found = Statement.copy_from_pb(ParseDict(payload, statement_pb2.Statement()))
    found.validate()
    assert [subject.name for subject in found.pb.subject] == ["run.zip"]


def test_a_key_of_ecdsa_on_p256_signs_too(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ec.pem").write_bytes(pem)

    assert cli("sign", bundle, "--key", tmp_path / "ec.pem").code == 0
    assert cli("verify", bundle, "--key", tmp_path / "ec.pem").code == 0


@pytest.mark.parametrize("kind", ["rsa", "p384", "nonsense", "missing"])
def test_other_keys_are_refused(cli: Cli, bundle: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key.pem"
    if kind == "nonsense":
        path.write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    elif kind != "missing":
        private = (
            ec.generate_private_key(ec.SECP384R1())
            if kind == "p384"
            else rsa.generate_private_key(65537, 2048)
        )
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    assert cli("sign", bundle, "--key", path).code == 2
    assert cli("verify", bundle, "--key", path).code == 2
    assert not bundle.with_name("run.zip.dsse.json").exists()


def test_a_key_with_a_passphrase_signs_with_it_only(
    cli: Cli, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_KEY_PASSPHRASE", "correct horse")
    key = new_key(cli, tmp_path / "locked.pem")
    assert b"ENCRYPTED" in key.read_bytes()
    assert cli("sign", bundle, "--key", key).code == 0

    monkeypatch.setenv("RUNNER_KEY_PASSPHRASE", "wrong")
    wrong = cli("sign", bundle, "--key", key)
    monkeypatch.delenv("RUNNER_KEY_PASSPHRASE")
    missing = cli("sign", bundle, "--key", key)

    assert (wrong.code, missing.code) == (2, 2)
    assert "passphrase" in wrong.err
    assert "encrypted" in missing.err
    assert cli("verify", bundle, "--key", key.with_suffix(".pub")).code == 0


def test_an_altered_bundle_is_not_signed(cli: Cli, bundle: Path, key: Path) -> None:
    content = bytearray(bundle.read_bytes())
    content[100] ^= 1
    bundle.write_bytes(content)

    outcome = cli("sign", bundle, "--key", key)

    assert outcome.code == 7
    assert not os.path.exists(f"{bundle}.dsse.json")  # noqa: PTH110


def test_what_is_missing_is_said(cli: Cli, bundle: Path) -> None:
    assert "there is nothing to sign" in cli("sign").err
    assert "a key is missing" in cli("sign", bundle).err
    assert cli("verify", "nobody").code == 2
