"""The TRUSTED CERTIFICATE form, against OpenSSL's own."""

import datetime as dt
import subprocess

from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove import authority
from builder.x509.trusted import anchor_pem, trusted_pem
from tests.tools import require


def test_is_what_openssl_writes_for_a_server_authentication_anchor() -> None:
    """The bytes equal `openssl x509 -trustout -addtrust serverAuth`."""
    root = authority.create("Acme Root", now=dt.datetime.now(dt.UTC))
    der = root.certificate.public_bytes(Encoding.DER)
    assert _openssl(root.pem, "-trustout", "-addtrust", "serverAuth") == trusted_pem(der)


def test_an_anchor_that_vouches_for_no_client_is_what_openssl_writes() -> None:
    """The bytes equal those of `-addreject clientAuth`, behind the hash that `openssl x509 -hash` prints."""
    root = authority.create("Acme Root", now=dt.datetime.now(dt.UTC))
    comment = f"# subject hash: {_openssl(root.pem, '-hash', '-noout')}"
    block = _openssl(root.pem, "-trustout", "-addreject", "clientAuth")
    assert comment + block == anchor_pem(root.certificate.public_bytes(Encoding.DER))


def _openssl(pem: bytes, *options: str) -> str:
    command = [require("openssl"), "x509", *options]
    return subprocess.run(command, input=pem, capture_output=True, check=True).stdout.decode("ascii")
