"""Bundles, organisations and targets for tests: throw-away CAs read by the cryptography library."""

import datetime as dt
import hashlib
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from builder.model import Bundle, Certificate, Organisation, Origin
from builder.prove import authority
from builder.prove.authority import Authority
from builder.render.recipe import RecipeSource

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def certificate(made: Authority) -> Certificate:
    """Return a CA's certificate as the first stages would, read by the cryptography library."""
    found = made.certificate
    spki = found.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return Certificate(
        der=found.public_bytes(serialization.Encoding.DER),
        origin=Origin("roots.pem", 1),
        sha256=found.fingerprint(hashes.SHA256()).hex(),
        spki_sha256=digest.finalize().hex(),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        label=str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
        serial=found.serial_number,
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        key="EC secp256r1",
        self_issued=found.subject == found.issuer,
    )


def bundle(*labels: str) -> Bundle:
    """Return a bundle of new CAs with these names, in the canonical order."""
    made = [certificate(authority.create(label, now=NOW)) for label in labels or ("Acme Root",)]
    return Bundle(tuple(sorted(made, key=lambda item: (item.label.lower(), item.sha256))))


def organisation(slug: str = "acme", **fields: str) -> Organisation:
    """Return an organisation with plain values for everything not given."""
    plain = Organisation(
        slug=slug,
        name="Acme",
        homepage="https://pki.acme.internal/",
        contact_name="Acme PKI",
        contact_email="pki@acme.internal",
        license="Apache-2.0",
        summary="CA certificates of Acme",
        description="Installs the certificate authorities of Acme.",
    )
    return msgspec.structs.replace(plain, **fields)


def sha256(file: Path) -> str:
    """Return a file's SHA-256 in hex."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


MINIMAL_RECIPE = """\
title: Something
name: "{slug}-thing"
name_pattern: "[a-z0-9-]+"
version: "{release}"
outputs:
  - id: thing
    container: tar
    filename: "{name}-{version}.tar.gz"
    files:
      - path: roots.pem
        content: bundle
install: tar xf {filename}
verify: ls
remove: rm {filename}
"""


def target(folder: Path, recipe: str = MINIMAL_RECIPE, name: str = "thing", **templates: str) -> RecipeSource:
    """Write a recipe and its templates (`a_j2="…"` is the file a.j2) into `folder`, as its owner would."""
    source = RecipeSource(name, folder / "recipes" / f"{name}.yaml", folder / "templates" / name)
    source.file.parent.mkdir(parents=True, exist_ok=True)
    source.templates.mkdir(parents=True, exist_ok=True)
    source.file.write_text(recipe, "utf-8")
    for file, text in templates.items():
        (source.templates / file.replace("_", ".")).write_text(text, "utf-8")
    return source
