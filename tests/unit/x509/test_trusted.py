"""The TRUSTED CERTIFICATE form, against OpenSSL's own."""

import datetime as dt
import subprocess

from cryptography.hazmat.primitives.serialization import Encoding

from builder.prove import authority
from builder.x509.trusted import trusted_pem
from tests.tools import require


def test_is_what_openssl_writes_for_a_server_authentication_anchor() -> None:
    """The bytes equal `openssl x509 -trustout -addtrust serverAuth`."""
    root = authority.create("Acme Root", now=dt.datetime.now(dt.UTC))
    command = [require("openssl"), "x509", "-trustout", "-addtrust", "serverAuth"]
    done = subprocess.run(command, input=root.pem, capture_output=True, check=True)
    assert done.stdout.decode("ascii") == trusted_pem(root.certificate.public_bytes(Encoding.DER))
