"""Who says whom to trust gets exactly that, and servers accept no more clients than before."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from builder.x509.subject_hash import subject_hash
from tests.crossed import crossed
from tests.runtime.wheel.sides import check_servers, check_sides, parties
from tests.runtime.wheel.world import (
    ACCEPTED,
    PROGRAMS,
    REFUSED,
    STRANGER,
    TRUSTED,
    TRUSTS,
    Environment,
    clients,
    trusts,
)

if TYPE_CHECKING:
    from builder.prove.authority import Leaf
    from tests.runtime.wheel.conftest import Authorities, Wheels


def _choices(where: Environment, ca: Path, urls: dict[str, str], *, stdlib: bool) -> None:
    asked = {name: urls[name] for name in ("good", "unrelated")}
    found = where.ask("choices.py", {"urls": asked, "ca": str(ca), "stdlib": stdlib})
    expected = {name: {"good": REFUSED, "unrelated": ACCEPTED} for name in found}
    if not stdlib:
        # With truststore, pip takes a file beside the default roots.
        beside = ("no check at all", "pip's configuration, truststore")
        expected.update(dict.fromkeys(beside, dict.fromkeys(asked, ACCEPTED)))
    assert found == expected


def test_an_explicit_choice_means_what_it_says(
    installed: Environment, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """cafile, capath, cadata, verify, own contexts and variables trust what they name, nothing else."""
    ca = tmp_path / "theirs.pem"
    ca.write_bytes(authorities.unrelated.pem)
    _choices(installed, ca, urls, stdlib=False)


def test_an_explicit_choice_means_what_it_says_in_every_python(
    any_installed: Environment, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """The standard library's own ways to choose work alike in every version."""
    ca = tmp_path / "theirs.pem"
    ca.write_bytes(authorities.unrelated.pem)
    _choices(any_installed, ca, urls, stdlib=True)


def test_servers_accept_no_client_for_these_roots(
    any_installed: Environment, authorities: Authorities, leaves: dict[str, Leaf]
) -> None:
    """No way to make a server's context adds these roots; a server may name them on purpose."""
    check_servers(any_installed, authorities.acme, leaves["good"])


def test_servers_accept_no_client_for_the_roots_of_two(
    fresh: Environment, wheels: Wheels, authorities: Authorities, leaves: dict[str, Leaf]
) -> None:
    """Beside another organisation's, each wheel still keeps its own roots from servers."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme, wheels.globex)
    for ca in (authorities.acme, authorities.globex):
        check_servers(fresh, ca, leaves["good"])


def test_a_context_trusts_as_a_client_and_not_as_a_server(
    any_installed: Environment, authorities: Authorities, leaves: dict[str, Leaf], tmp_path: Path
) -> None:
    """What may be either is decided at each connection, in any order and however the connection is made."""
    check_sides(any_installed, authorities.acme, leaves["good"], tmp_path / "ca.pem")


def test_a_pyopenssl_context_trusts_as_a_client_and_not_as_a_server(
    installed: Environment, authorities: Authorities, leaves: dict[str, Leaf], tmp_path: Path
) -> None:
    """PyOpenSSL says late on which side a connection is: none of the orders lets a server accept a client."""
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authorities.acme.pem)
    given = parties(authorities.acme, leaves["good"], ca=str(ca))
    orders = {
        "a server only": [REFUSED],
        "a client, then a server": [ACCEPTED, REFUSED],
        "a server first": [REFUSED, ACCEPTED, REFUSED],
    }
    loads = ("set_default_verify_paths", "certifi", "certifi as bytes")
    expected = {f"{load}, {order}": roles for load in loads for order, roles in orders.items()}
    assert installed.ask("pyopenssl.py", given) == {**expected, "on purpose": [ACCEPTED]}


_END = b"-----END CERTIFICATE-----\n"

_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian's own name, which all of these lead to
    "/usr/lib/ssl/cert.pem",
    "/etc/ssl/certs/../certs/ca-certificates.crt",
)


def test_a_variable_that_names_the_public_roots_is_no_choice(
    any_installed: Environment, urls: dict[str, str], tmp_path: Path
) -> None:
    """What certifi, pip and the system have, by any name, leaves all as it is without the variable."""
    linked = tmp_path / "linked.pem"
    linked.symlink_to(_SYSTEM[0])
    code = "import ssl; print(ssl.get_default_verify_paths().openssl_cafile)"
    files = [clients() / "certifi" / "cacert.pem", clients() / "pip" / "_vendor" / "certifi" / "cacert.pem"]
    named = [*map(str, files), str(linked), any_installed.say(code), *_SYSTEM]
    values = [("SSL_CERT_FILE", name) for name in named if Path(name).exists()] + [
        ("SSL_CERT_DIR", "/etc/ssl/certs")
    ]
    found = {value: trusts(any_installed, urls["good"], env=dict([value])) for value in values}
    assert found == dict.fromkeys(values, TRUSTED)
    assert len(found) > 3


def test_any_other_variable_is_a_choice(
    any_installed: Environment, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """A copy of the public roots, a file of theirs below a well-known name and an empty one count alone."""
    copied, theirs = tmp_path / "copied.pem", tmp_path / "certifi" / "cacert.pem"
    theirs.parent.mkdir()
    copied.write_bytes((clients() / "certifi" / "cacert.pem").read_bytes())
    theirs.write_bytes(authorities.unrelated.pem)
    for value in (str(copied), str(theirs), ""):
        assert trusts(any_installed, urls["good"], env={"SSL_CERT_FILE": value}) == STRANGER
        mixed = {"SSL_CERT_FILE": str(copied), "SSL_CERT_DIR": "/etc/ssl/certs"}
        assert trusts(any_installed, urls["good"], env=mixed) == STRANGER
    mixed = {"SSL_CERT_DIR": f"/etc/ssl/certs:{tmp_path}"}
    assert trusts(any_installed, urls["good"], env=mixed) == STRANGER


def test_a_name_alone_makes_no_public_roots(
    fresh: Environment, wheels: Wheels, authorities: Authorities, urls: dict[str, str], tmp_path: Path
) -> None:
    """An environment's own folder, one that is called as a library, and a where() of the program's choose."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    theirs = authorities.unrelated.pem
    places = [fresh.root / place / "ssl" / "cacert.pem" for place in ("", "Library")]
    places += [fresh.root / "share" / "certs.pem", tmp_path / "ibm_botocore" / "cacert.pem"]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(theirs)
    where = f"import certifi; certifi.where = certifi.core.where = lambda: {str(places[0])!r}\n"
    env = {"PYTHONPATH": str(tmp_path)}
    found = {place: trusts(fresh, urls["good"], env={**env, "SSL_CERT_FILE": str(place)}) for place in places}
    assert found == dict.fromkeys(found, STRANGER)
    said = fresh.run("-c", where + TRUSTS, urls["good"], env={"SSL_CERT_FILE": str(places[0])})
    assert said.stdout.strip() == STRANGER


def test_the_roots_of_conda_are_public(fresh: Environment, wheels: Wheels, urls: dict[str, str]) -> None:
    """Where conda keeps its list of packages, its file of roots is no choice of others."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    file = fresh.root / "ssl" / "cacert.pem"
    file.parent.mkdir()
    file.write_bytes((clients() / "certifi" / "cacert.pem").read_bytes())
    env = {"SSL_CERT_FILE": str(file)}
    assert trusts(fresh, urls["good"], env=env) == STRANGER
    (fresh.root / "conda-meta").mkdir()
    assert trusts(fresh, urls["good"], env=env) == TRUSTED


# A client with the default roots and those of a folder; then a server that asks for clients' certificates.
_BESIDE = """
import json, os, ssl, sys
sys.path.insert(0, os.path.dirname(sys.argv[1]))
from sides import _by_memory
given = json.load(sys.stdin)
context = ssl.SSLContext(ssl.PROTOCOL_TLS)
context.load_verify_locations(capath=given["folder"])
context.load_default_certs()
context.verify_mode = ssl.CERT_REQUIRED
client, server = (ssl.SSLContext(getattr(ssl, f"PROTOCOL_TLS_{side}")) for side in ("CLIENT", "SERVER"))
client.load_verify_locations(given["ca"])
client.load_cert_chain(given["client"])
said = []
for leaf in given["servers"]:
    server.load_cert_chain(leaf)
    said.append(_by_memory(server, context)["client"])
context.load_cert_chain(given["servers"][0])
said.append(_by_memory(context, client)["server"])
print(*said)
"""


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (["own"], [ACCEPTED, REFUSED, ACCEPTED]),
        (["before"], [ACCEPTED, ACCEPTED, REFUSED]),
        (["own", "before"], [ACCEPTED, ACCEPTED, ACCEPTED]),
        (["crossed"], [ACCEPTED, REFUSED, REFUSED]),
        (["crossed", "own"], [ACCEPTED, REFUSED, ACCEPTED]),
        (["crossed", "legacy"], [ACCEPTED, REFUSED, REFUSED]),
        (["crossed", "before"], [ACCEPTED, ACCEPTED, REFUSED]),
    ],
)
def test_what_a_folder_has_beside_these_roots(
    held: list[str], expected: list[str], any_installed: Environment, authorities: Authorities, tmp_path: Path
) -> None:
    """A copy, one before a renewal and another CA's variant hide none of ours, and the first two still count.

    Servers that send their certificate alone are asked, ours and the one's before; then our client asks.
    """
    now = dt.datetime.now(dt.UTC)
    own, legacy = authorities.acme, authority.create("Legacy Root", now=now)
    before = authority.create("Acme Root", now=now)
    family = {"own": own, "legacy": legacy, "before": before, "crossed": crossed(own, legacy)}
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in held:
        stem = subject_hash(ssl.PEM_cert_to_DER_cert(family[name].pem.decode()))
        (folder / f"{stem}.{len(list(folder.glob(f'{stem}.*')))}").write_bytes(family[name].pem)
    (tmp_path / "ca.pem").write_bytes(own.pem)
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    leaves = {
        "own": authority.issue(own, ["localhost"], now=now),
        "before": authority.issue(before, ["localhost"], now=now),
        "client": authority.issue(own, ["me"], now=now, usage=usage),
    }
    files = {name: tmp_path / f"{name}.pem" for name in leaves}
    for name, leaf in leaves.items():
        files[name].write_bytes(leaf.chain.partition(_END)[0] + _END + leaf.key)
    given = {
        "folder": str(folder),
        "ca": str(tmp_path / "ca.pem"),
        "servers": [str(files["own"]), str(files["before"])],
        "client": str(files["client"]),
    }
    said = any_installed.run("-W", "ignore", "-c", _BESIDE, PROGRAMS / "sides.py", given=json.dumps(given))
    assert said.stdout.split() == expected
