"""Who says whom to trust gets exactly that, and servers accept no more clients than before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from tests.runtime.wheel.world import ACCEPTED, REFUSED, Environment

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
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
    _servers(any_installed, authorities.acme, leaves["good"])


def test_servers_accept_no_client_for_the_roots_of_two(
    fresh: Environment, wheels: Wheels, authorities: Authorities, leaves: dict[str, Leaf]
) -> None:
    """Beside another organisation's, each wheel still keeps its own roots from servers."""
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme, wheels.globex)
    for ca in (authorities.acme, authorities.globex):
        _servers(fresh, ca, leaves["good"])


def test_a_context_trusts_as_a_client_and_not_as_a_server(
    any_installed: Environment, authorities: Authorities, leaves: dict[str, Leaf], tmp_path: Path
) -> None:
    """What may be either is decided at each connection, in any order and however the connection is made."""
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authorities.acme.pem)
    found = any_installed.ask("sides.py", _parties(authorities.acme, leaves["good"], ca=str(ca)))
    roles = [REFUSED, ACCEPTED, ACCEPTED, REFUSED]  # server, client, client, server
    several = {name: answers for name, answers in found.items() if len(answers) == 4}
    assert several == dict.fromkeys(several, roles)
    alone = {name: answers for name, answers in found.items() if name not in several}
    assert alone == {name: [ACCEPTED if name.startswith("on purpose") else REFUSED] for name in alone}
    assert (len(several), len(alone)) == (40, 6)


def _servers(where: Environment, ca: Authority, server: Leaf) -> None:
    found = where.ask("servers.py", _parties(ca, server, ca=ca.pem.decode()))
    assert found == {name: name.startswith("on purpose") for name in found}


def _parties(issuer: Authority, server: Leaf, *, ca: str) -> dict[str, object]:
    now = dt.datetime.now(dt.UTC)
    client = authority.issue(issuer, ["me"], now=now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    return {"server": _text(server), "client": _text(client), "ca": ca}


def _text(leaf: Leaf) -> list[str]:
    return [leaf.chain.decode(), leaf.key.decode()]
