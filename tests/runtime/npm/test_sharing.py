"""The bundle is read once for all connections that ask for the same, and each keeps what is its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests.runtime.npm import world
from tests.runtime.npm.conftest import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize("flags", [("acme-ca",), ("acme-ca", "@globex/ca")], ids=["one", "two organisations"])
def test_connections_share_contexts_and_nothing_else(
    flags: tuple[str, ...], release: str, both: Path, authorities: Authorities
) -> None:
    """The bundle is read once for each set of options; certificates, versions and sessions stay apart."""
    server = authorities.server(authorities.acme)
    clients = [authority.issue(authorities.acme, [name], now=NOW) for name in ("anna", "bert")]
    question = {
        "cert": server.chain.decode(),
        "key": server.key.decode(),
        "clients": [{"cert": leaf.chain.decode(), "key": leaf.key.decode()} for leaf in clients],
        "ca": authorities.acme.pem.decode(),
    }
    words = [word for name in flags for word in ("--require", f"{name}/register")]
    argv = [world.node(release), *words, str(world.PROGRAMS / "sharing.mjs")]
    once = len(flags)  # for each organisation
    assert world.answer(argv, cwd=both, question=json.dumps(question)) == {
        "ten connections": once,
        "ten more": 0,
        "ten at a time": 0,
        "ten of another version": once,
        "ten with equal bytes": once,
        "ten of contexts made alike": 0,
        "each its certificate": ["anna", "bert", "nobody", "anna"],
        "each its version": ["nobody TLSv1.2", "nobody TLSv1.3", "nobody TLSv1.3"],
        "each its ALPN": ["nobody two", "nobody one", "nobody false"],
        "after the first has ended": "nobody",
        "after a change of the defaults": "nobody TLSv1.2",
        "and back": "nobody TLSv1.3",
        "each its keys": "ab",
        "an agent resumes its sessions": [False, True],
        "after a context was changed": once,
        "a stranger's wrapper is asked": 3,
        "and none after it": 0,
    }


def test_a_stranger_s_wrapper_from_before_is_asked_each_time(
    tmp_path: Path, project: Path, servers: Ports
) -> None:
    """Who has wrapped createSecureContext before register may add other roots each time."""
    (tmp_path / "stranger.cjs").write_text("""
        const tls = require('node:tls');
        const { createSecureContext } = tls;
        globalThis.asked = 0;
        tls.createSecureContext = (...args) => { asked += 1; return createSecureContext(...args); };
    """)
    program = """
        const { once } = require('node:events');
        const options = { host: 'localhost', servername: 'localhost', port: process.argv[1] };
        (async () => {
          for (let left = 3; left > 0; left -= 1) {
            const socket = require('node:tls').connect(options);
            await once(socket, 'secureConnect');
            socket.destroy();
          }
          console.log(asked);
        })();
    """
    flags = ["--require", str(tmp_path / "stranger.cjs"), "--require", "acme-ca/register"]
    argv = [world.node("24"), world.IPV4, *flags, "--eval", program, str(servers["acme"]["https"])]
    assert world.answer(argv, cwd=project) == 3
