"""Servers within and beyond the domains of a CA: leaves of every kind, and which of them may be trusted.

A leaf is within them when all its names are. What is told for whoever judges names of every kind; a client
that looks at the names of hosts and addresses alone cannot refuse one for another kind of name.
"""

import datetime as dt
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.prove.authority import Authority, Leaf

_DAY = dt.timedelta(days=1)
NAMES, NETWORKS = ("corp.example",), ("127.0.0.0/8",)


def _dns(name: str) -> x509.GeneralName:
    return x509.DNSName(name)


def _ip(text: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(text))


_OTHER = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Elsewhere")])


@dataclass(frozen=True)
class Server:
    """A server: the host that a client asks for, the names of its leaf, and by which domains it is within.

    `names` is whether NAMES alone have all its names inside, `networks` whether NETWORKS alone, and `both`
    whether the two together. `judged` is false where it has a name that no client looks at, and `common_name`
    says that its host is nothing but its common name, which Java alone takes.
    """

    host: str
    sans: tuple[x509.GeneralName, ...]
    names: bool = False
    networks: bool = False
    both: bool = False
    judged: bool = True
    common_name: bool = False

    def within(self, domains: tuple[str, ...], *, all_kinds: bool = True) -> bool:
        """Tell whether it is to be trusted where its CA has these domains."""
        if not self.judged and all_kinds:
            return False
        if not domains:
            return not self.common_name
        return {NAMES: self.names, NETWORKS: self.networks, (*NAMES, *NETWORKS): self.both}[domains]


_HOST = "www.corp.example"
SERVERS = {
    "inside": Server(_HOST, (_dns(_HOST),), names=True, both=True),
    "domain itself": Server("corp.example", (_dns("corp.example"),), names=True, both=True),
    "upper case": Server(_HOST, (_dns("WWW.Corp.Example"),), names=True, both=True),
    "several": Server(_HOST, (_dns("a.corp.example"), _dns(_HOST)), names=True, both=True),
    "wildcard": Server(_HOST, (_dns("*.corp.example"),), names=True, both=True),
    "outside": Server("www.other.example", (_dns("www.other.example"),)),
    "ends alike": Server("www.notcorp.example", (_dns("www.notcorp.example"),)),
    "mixed": Server(_HOST, (_dns(_HOST), _dns("www.other.example"))),
    "wide wildcard": Server("corp.example", (_dns("*.example"), _dns("corp.example"))),
    "address": Server("127.0.0.1", (_ip("127.0.0.1"),), networks=True, both=True),
    # Java takes the common name for the host's where no other name is one.
    "address, another's common name": Server("www.other.example", (_ip("127.0.0.1"),), common_name=True),
    "name and address": Server(_HOST, (_dns(_HOST), _ip("127.0.0.1")), both=True),
    "address outside": Server(_HOST, (_dns(_HOST), _ip("192.0.2.1"))),
    "address of six": Server(_HOST, (_dns(_HOST), _ip("2001:db8::1"))),
    "mail": Server(
        _HOST, (_dns(_HOST), x509.RFC822Name("ca@other.example")), names=True, both=True, judged=False
    ),
    "uri": Server(
        _HOST,
        (_dns(_HOST), x509.UniformResourceIdentifier("https://other.example/")),
        names=True,
        both=True,
        judged=False,
    ),
    "directory": Server(
        _HOST, (_dns(_HOST), x509.DirectoryName(_OTHER)), names=True, both=True, judged=False
    ),
}
# No client takes it at all, as its host is not among its names; it is here for those that would.
NAMELESS = Server(_HOST, ())


def leaf(ca: Authority, server: Server, *, now: dt.datetime) -> Leaf:
    """Return a server's certificate and its key; the common name is the host's, as in old certificates."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, server.host)]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if server.sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(server.sans), critical=False)
    made = builder.sign(ca.key, hashes.SHA256())
    return Leaf(
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def itself(server: Server, *, now: dt.datetime) -> tuple[Authority, Leaf]:
    """Return a root that has a server's names itself, as an appliance's own has, and shows it as its leaf."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{server.host} itself")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(server.sans), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Authority(made, key), Leaf(made.public_bytes(serialization.Encoding.PEM), private)
