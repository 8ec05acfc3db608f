"""The plain bundle, read by OpenSSL, Python, Node.js and Java."""

from __future__ import annotations

import re
import ssl

from tests.packages.built import Built, run
from tests.tools import require

_FINGERPRINT = re.compile(r"^SHA256 Fingerprint=(.+)$|^\s*SHA256: (.+)$", re.MULTILINE | re.IGNORECASE)


def test_openssl_counts_the_certificates(built: Built) -> None:
    """`openssl storeutl` finds each certificate, and nothing else."""
    found = run(require("openssl"), "storeutl", "-noout", built.file("pem"))
    assert found.endswith(f"Total found: {len(built.fingerprints)}\n")
    assert found.count(": Certificate") == len(built.fingerprints)


def test_python_loads_the_certificates(built: Built) -> None:
    """Python's ssl takes the whole file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(built.file("pem"))
    assert len(built.fingerprints) == len(context.get_ca_certs(binary_form=True))


def test_java_prints_the_certificates(built: Built) -> None:
    """Keytool reads each certificate."""
    found = run(require("keytool"), "-printcert", "-file", built.file("pem"))
    digests = {(a or b).replace(":", "").lower() for a, b in _FINGERPRINT.findall(found)}
    assert built.fingerprints == digests
