"""One small package of every format, made by the product's own containers from a throw-away CA."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from builder import formats
from builder.formats.compression import gzip
from builder.formats.tar import write as tar
from builder.model import File, Organisation, Package
from builder.prove import authority

EPOCH = 1_795_478_400
_ACME = Organisation(
    slug="acme",
    name="Acme",
    homepage="https://acme.example",
    contact_name="Acme PKI",
    contact_email="pki@acme.example",
    license="MIT",
    summary="The CAs of Acme",
    description="The CAs of Acme",
)


def _package(container: str, files: list[File], scripts: dict[str, bytes] | None = None) -> bytes:
    return formats.write(
        Package(
            target=container,
            container=container,
            name="acme-ca-certs",
            version="20261124",
            filename="any",
            epoch=EPOCH,
            organisation=_ACME,
            files=tuple(files),
            scripts=scripts or {},
            metadata={"release": "0"} if container in {"apk", "deb", "rpm"} else {},
        )
    )


@pytest.fixture(scope="session")
def roots() -> list[bytes]:
    """Two roots in PEM."""
    now = dt.datetime.now(dt.UTC)
    return [authority.create(f"Acme Root {number}", now=now).pem for number in (1, 2)]


@pytest.fixture(scope="session")
def packages(roots: list[bytes]) -> dict[str, bytes]:
    """Return a package of each format, by its name; every one holds both roots, in one file or two."""
    one, two = roots
    system = [
        File("/usr/share/acme", b"", 0o755, "dir"),
        File("/usr/share/acme/1.crt", one),
        File("/usr/share/acme/2.crt", two),
        File("/usr/share/acme/both.pem", one + two),
    ]
    script = {"postinstall": b"#!/bin/sh\nexit 0\n"}
    pem = File("acme_ca/roots.pem", one + two)
    description = json.dumps({"name": "acme-ca", "version": "1.0.0", "scripts": {"test": "true"}})
    specification = b"name: acme-ca\nversion: !ruby/object:Gem::Version\n  version: '1.0'\nlicenses:\n- MIT\n"
    return {
        "deb": _package("deb", system, script),
        "rpm": _package("rpm", system, script),
        "apk": _package("apk", system, script),
        "wheel": _package(
            "wheel",
            [
                pem,
                File("acme.pth", b"import acme_ca\n"),
                File(
                    "acme_ca-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: acme-ca\nVersion: 1.0\n"
                ),
                File("acme_ca-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n"),
            ],
        ),
        "npm": _package(
            "tar", [File("package/package.json", description.encode()), File("package/roots.pem", one + two)]
        ),
        "gem": _package(
            "gem", [pem, File("lib/rubygems_plugin.rb", b"# on\n"), File("metadata", specification)]
        ),
        "bottle": gzip(
            tar(
                [
                    File("acme/1.0/.brew/acme.rb", b"class Acme < Formula\nend\n"),
                    File("acme/1.0/roots.pem", one + two),
                ],
                EPOCH,
            )
        ),
        "archive": gzip(tar([File("acme-1.0/roots.pem", one + two)], EPOCH)),
        "pem": one + two,
    }
