"""Contexts that are a client's or a server's, in any Python."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from tests.runtime.wheel.world import ACCEPTED, REFUSED

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from tests.runtime.wheel.world import Environment


def check_sides(where: Environment, issuer: Authority, server: Leaf, ca: Path) -> None:
    """Use contexts on both sides of connections; expect that none of them serves with these roots."""
    ca.write_bytes(issuer.pem)
    found = where.ask("sides.py", parties(issuer, server, ca=str(ca)))
    roles = [REFUSED, ACCEPTED, ACCEPTED, REFUSED]  # server, client, client, server
    several = {name: answers for name, answers in found.items() if len(answers) == 4}
    assert several == dict.fromkeys(several, roles)
    alone = {name: answers for name, answers in found.items() if name not in several}
    assert alone == {name: [ACCEPTED if name.startswith("on purpose") else REFUSED] for name in alone}
    assert (len(several), len(alone)) == (40, 6)


def check_servers(where: Environment, ca: Authority, server: Leaf) -> None:
    """Make server contexts in every usual way; expect that only those meant to accept our client."""
    found = where.ask("servers.py", parties(ca, server, ca=ca.pem.decode()))
    assert found == {name: name.startswith("on purpose") for name in found}


def parties(issuer: Authority, server: Leaf, *, ca: str) -> dict[str, object]:
    """Return what programs are given that connect: a server's and a client's certificate, and their CA."""
    now = dt.datetime.now(dt.UTC)
    client = authority.issue(issuer, ["me"], now=now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    return {"server": _text(server), "client": _text(client), "ca": ca}


def _text(leaf: Leaf) -> list[str]:
    return [leaf.chain.decode(), leaf.key.decode()]
