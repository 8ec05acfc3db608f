"""Who says whom to trust gets exactly that, and servers accept no more clients than before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from tests.runtime.wheel.world import ACCEPTED, REFUSED, Environment

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Leaf
    from tests.runtime.wheel.conftest import Authorities


def _choices(where: Environment, ca: Path, urls: dict[str, str], *, stdlib: bool) -> None:
    asked = {name: urls[name] for name in ("good", "unrelated")}
    found = where.ask("choices.py", {"urls": asked, "ca": str(ca), "stdlib": stdlib})
    expected = {name: {"good": REFUSED, "unrelated": ACCEPTED} for name in found}
    if not stdlib:
        expected["no check at all"] = dict.fromkeys(asked, ACCEPTED)
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
    now = dt.datetime.now(dt.UTC)
    client = authority.issue(authorities.acme, ["me"], now=now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    given = {
        "server": _text(leaves["good"]),
        "client": _text(client),
        "ca": authorities.acme.pem.decode(),
    }
    found = any_installed.ask("servers.py", given)
    assert found == {**dict.fromkeys(found, False), "on purpose": True}


def _text(leaf: Leaf) -> list[str]:
    return [leaf.chain.decode(), leaf.key.decode()]
