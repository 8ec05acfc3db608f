"""Who says whom to trust gets exactly that, and servers accept no more clients than before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove import authority
from builder.prove.server import serve
from tests.runtime.wheel.sides import check_servers, check_sides, parties
from tests.runtime.wheel.world import (
    ACCEPTED,
    REFUSED,
    STRANGER,
    TRUSTED,
    TRUSTS,
    Environment,
    clients,
    run,
    trusts,
)
from tests.tools import require

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


def test_roots_of_the_same_name_are_not_shadowed(
    installed: Environment, authorities: Authorities, tmp_path: Path
) -> None:
    """A folder's root before its renewal, with the same name and another key, is trusted as without us."""
    now = dt.datetime.now(dt.UTC)
    before = authority.create("Acme Root", now=now)
    shown = run([require("openssl"), "x509", "-hash", "-noout"], given=before.pem.decode()).stdout
    (tmp_path / f"{shown.strip()}.0").write_bytes(before.pem)
    code = f"import ssl, urllib.request\ncontext = ssl.create_default_context(capath={str(tmp_path)!r})\n"
    code += "context.load_default_certs()\nopener = urllib.request.HTTPSHandler(context=context)\n"
    code += f"urllib.request.install_opener(urllib.request.build_opener(opener))\n{TRUSTS}"
    for ca in (before, authorities.acme):
        with serve(authority.issue(ca, ["localhost"], now=now)) as port:
            said = installed.run("-c", code, f"https://localhost:{port}/").stdout.strip()
        assert said == TRUSTED
