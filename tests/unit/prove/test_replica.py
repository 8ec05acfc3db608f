"""The replica of a bundle: a question for each kind of key, and a word about what cannot be asked."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from msgspec.structs import replace

from builder import config
from builder.errors import OutputError, ProofError
from builder.model import Bundle, Certificate, Origin, release
from builder.pipeline import build as pipeline
from builder.pipeline.request import BuildRequest
from builder.prove import authority, replica
from builder.release.atomic import alone
from builder.release.manifest import MANIFEST, to_json
from builder.render import recipe
from builder.x509.certificate import read as certificate

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from builder.release.manifest import Manifest


NOW = dt.datetime.now(dt.UTC)


def made(name: str, key: CertificateIssuerPrivateKeyTypes | None = None) -> Certificate:
    """Return a root as trustpack reads it."""
    ca = authority.create(name, now=NOW, key=key)
    return read(ca.certificate)


def read(found: x509.Certificate) -> Certificate:
    """Return a certificate as trustpack reads it."""
    item = certificate(found.public_bytes(serialization.Encoding.DER), Origin(""))
    assert isinstance(item, Certificate)
    return item


def constrained(domain: str = "example.org") -> Certificate:
    """Return a root that may vouch for one domain only."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Constrained")])
    constraint = x509.NameConstraints([x509.DNSName(domain)], None)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return read(
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=9))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(authority._ca_usage(), critical=True)  # noqa: SLF001  the usage of a CA is one fact
        .add_extension(constraint, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def test_each_kind_of_key_is_asked_about_once() -> None:
    """Beside a root that is dropped, one that is added, and what must be refused always."""
    replicas = replica.make([made("A"), made("B"), made("C", rsa.generate_private_key(65537, 2048))], now=NOW)
    after, installed = frozenset({"installed", "upgraded"}), frozenset({"installed"})
    assert [(question.name, question.accepted) for question in replicas.questions] == [
        ("kept EC secp256r1", after),
        ("kept RSA 2048", after),
        ("dropped", installed),
        ("added", frozenset({"upgraded"})),
        ("unrelated CA", frozenset()),
        ("wrong host", frozenset()),
        ("expired leaf", frozenset()),
    ]
    assert replicas.notes == ()


def test_each_set_of_extensions_is_asked_about() -> None:
    """Clients differ about them as about keys: a constraint that lets this machine through is one of them."""
    plain = made("B", ec.generate_private_key(ec.SECP384R1()))
    replicas = replica.make([constrained("localhost"), plain, constrained("localhost")], now=NOW)
    names = [question.name for question in replicas.questions]
    assert names[:3] == ["kept EC secp384r1", "kept EC secp384r1 (2)", "dropped"]


def test_a_ca_with_domains_is_asked_about_within_and_beyond_them() -> None:
    """Its replica is meant for this machine alone; another one vouches for what is refused anyway."""
    limited = replace(made("A"), domains=("corp.example",))
    replicas = replica.make([limited, made("B"), limited], now=NOW)
    asked = {question.name: question for question in replicas.questions}
    assert list(asked)[:2] == ["kept EC secp256r1 within its domains", "kept EC secp256r1"]
    assert [name for name, one in asked.items() if one.limited] == ["beyond its domains"]
    assert asked["beyond its domains"].accepted == frozenset()
    for bundle in (replicas.first, replicas.second):
        assert [item.domains for item in bundle.certificates if item.label == "A"] == [("localhost",)] * 2
        assert {item.domains for item in bundle.certificates if item.label != "A"} == {()}
    issuers = {
        name: x509.load_pem_x509_certificate(one.leaf.chain).issuer.rfc4514_string()
        for name, one in asked.items()
        if one.leaf
    }
    assert (issuers["wrong host"], issuers["beyond its domains"]) == ("CN=B", "CN=A")


def test_both_bundles_hold_every_twin_and_one_root_of_their_own() -> None:
    """A replica has the name and key type of its original, and another key."""
    original = made("A")
    replicas = replica.make([original], now=NOW)
    first, second = (
        {item.sha256: item for item in b.certificates} for b in (replicas.first, replicas.second)
    )
    [kept] = [first[digest] for digest in first.keys() & second.keys()]
    assert (kept.subject, kept.key) == (original.subject, original.key)
    assert kept.spki_sha256 != original.spki_sha256
    assert (len(first), len(second)) == (2, 2)


def test_a_twin_that_cannot_vouch_for_this_machine_is_said_and_not_asked_about() -> None:
    """A name constraint: nobody could be asked about it, which is no fault of the package."""
    replicas = replica.make([constrained(), made("A")], now=NOW)
    assert [question.name for question in replicas.questions][:2] == ["kept EC secp256r1", "dropped"]
    [note] = replicas.notes
    assert note == (
        "1 of 2 certificates cannot vouch for localhost, so no client was asked about them "
        "(permitted subtree violation): Constrained"
    )


def _built(folder: Path, bundle: Bundle) -> Manifest:
    order = BuildRequest(
        organisation=config.organisation(config.minimal("acme", ["."])),
        bundle=bundle,
        sources=recipe.select(recipe.sources(), ["gem", "npm", "pem", "wheel"]),
        today=NOW.date(),
        release=release.parse("2026.1"),
    )
    return pipeline.build(order, folder)


def _described(folder: Path, manifest: Manifest) -> Manifest:
    """Let a folder's manifest say so."""
    (folder / MANIFEST).write_bytes(to_json(manifest))
    return manifest


def test_the_certificates_are_taken_out_of_the_artifacts(tmp_path: Path) -> None:
    """Byte for byte, and once, however many artifacts hold them."""
    bundle = Bundle((made("A"), made("B")))
    manifest = _built(tmp_path, bundle)
    found = replica.originals(tmp_path, manifest)
    assert {item.der for item in found.certificates} == {item.der for item in bundle.certificates}
    assert found.notes == ()


def test_an_artifact_that_cannot_be_looked_into_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """It is the one that the manifest describes; what is in it, the other artifacts must say."""
    manifest = _built(tmp_path, Bundle((made("A"),)))
    data = b"\0\1 in a format to come"
    (tmp_path / "acme-1.new").write_bytes(data)
    entry = replace(manifest.artifacts[0], file="acme-1.new", sha256=hashlib.sha256(data).hexdigest())
    found = replica.originals(tmp_path, replace(manifest, artifacts=(entry, *manifest.artifacts)))
    assert [item.label for item in found.certificates] == ["A"]
    [note] = found.notes
    assert note.startswith(
        "its certificates were not compared with the manifest's: acme-1.new: is no package"
    )
    with pytest.raises(ProofError, match="no artifact of this release holds a certificate"):
        replica.originals(tmp_path, _described(tmp_path, replace(manifest, artifacts=(entry,))))


def test_an_artifact_that_was_changed_is_not_proven(tmp_path: Path) -> None:
    """Nor one that holds other certificates than the manifest says."""
    manifest = _built(tmp_path, Bundle((made("A"),)))
    entry = next(entry for entry in manifest.artifacts if entry.target == "pem")
    path = tmp_path / entry.file
    path.write_text(made("B").pem)
    with pytest.raises(ProofError, match="is not the file that the manifest describes"):
        replica.originals(tmp_path, manifest)
    described = replace(entry, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(ProofError, match="holds other certificates than the manifest lists"):
        replica.originals(tmp_path, _described(tmp_path, replace(manifest, artifacts=(described,))))


def test_a_build_meanwhile_is_told_as_that(tmp_path: Path) -> None:
    """An artifact that another build has replaced, or is replacing, was changed by nobody else."""
    manifest = _built(tmp_path, Bundle((made("A"),)))
    (tmp_path / manifest.artifacts[0].file).unlink()
    with alone(tmp_path, ""), pytest.raises(OutputError, match="another build is writing here"):
        replica.originals(tmp_path, manifest)
    _described(tmp_path, replace(manifest, release="2026.2"))
    with pytest.raises(OutputError, match="another build has written here meanwhile"):
        replica.originals(tmp_path, manifest)
