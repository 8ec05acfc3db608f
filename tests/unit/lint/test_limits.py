"""Name constraints of a CA's own, as people read them, and the runtimes that keep to them."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from builder.lint.limits import heeding, name_constraints
from builder.load import load
from builder.model import Certificate, Origin
from builder.x509.certificate import read
from tests.lint.faults import FAULTS
from tests.unit import bundles


def root(permitted: list[x509.GeneralName] | None, excluded: list[x509.GeneralName] | None) -> Certificate:
    """Return a root that constrains names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme Root")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(bundles.NOW)
        .not_valid_after(bundles.NOW + dt.timedelta(days=9))
        .add_extension(x509.NameConstraints(permitted, excluded), critical=True)
        .sign(key, hashes.SHA256())
    )
    found = read(made.public_bytes(Encoding.DER), Origin("x"))
    assert isinstance(found, Certificate)
    return found


def test_constraints_are_said_with_their_values() -> None:
    """Domains, networks, directories and the domain that is all of them."""
    directory = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme")])
    found = name_constraints(
        root(
            [x509.DNSName("corp.example"), x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))],
            [x509.DNSName(""), x509.DirectoryName(directory)],
        )
    )
    assert found is not None
    assert found.permitted == ("corp.example", "10.0.0.0/8")
    assert found.excluded == ("all names", "O=Acme")


def test_a_ca_without_constraints_has_none() -> None:
    """Most have not."""
    assert name_constraints(bundles.bundle().certificates[0]) is None


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_no_certificate_is_too_odd(fault: str) -> None:
    """What cryptography cannot read, or nobody can, is no reason to stop."""
    for item in load(["-"], stdin=FAULTS[fault]).certificates:
        name_constraints(item)


def test_java_alone_does_not_keep_to_a_roots_constraints() -> None:
    """As the table of handshakes says: the name without a version stands for all that were measured."""
    kept, ignored = heeding()
    assert ignored == ("java",)
    assert {"go", "python", "node", "curl"} <= {*kept}
