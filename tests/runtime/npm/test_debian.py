"""Debian builds Node.js so that its default roots are OpenSSL's: SSL_CERT_FILE decides without any option."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.prove.sandbox import open_sandbox
from tests.roots import root
from tests.runtime.npm import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports

_PROGRAM = """
    const options = { host: 'localhost', port: process.argv[1], family: 4, agent: false };
    const said = (what) => { console.log(what); process.exit(); };
    require('https').get(options, () => said('ok')).on('error', (error) => said(error.code));
"""
_SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
_OTHER = "/root/other.pem"


@pytest.mark.parametrize("suite", ["bookworm", "trixie", "sid"])
def test_debian_s_node_heeds_a_choice_without_an_option(
    suite: str, tarball: Path, authorities: Authorities, servers: Ports
) -> None:
    """Register adds to the system's roots, by whatever name, and nothing to others that somebody chose."""
    with open_sandbox(root(suite)) as sandbox:
        sandbox.copy_in("/root/acme.tgz", tarball.read_bytes())
        sandbox.copy_in(_OTHER, authorities.unrelated.pem)
        sandbox.run(["install", "-d", "/root/node_modules/acme-ca"])
        sandbox.run(
            ["tar", "xzf", "/root/acme.tgz", "-C", "/root/node_modules/acme-ca", "--strip-components=1"]
        )

        def said(server: str, *options: str, **environment: str) -> str:
            port = str(servers[server]["https"])
            command = ["node", *options, "--eval", _PROGRAM, port]
            return sandbox.run(["env", "-C", "/root", *command], environment=environment).out.strip()

        register = ("--require", "acme-ca/register")
        assert said("acme") == world.REFUSED
        assert said("acme", *register) == "ok"
        assert said("unrelated", *register) == world.REFUSED
        assert said("acme", *register, SSL_CERT_FILE=_SYSTEM) == "ok"
        assert said("acme", *register, SSL_CERT_FILE=_OTHER) == world.REFUSED
        assert said("unrelated", *register, SSL_CERT_FILE=_OTHER) == "ok"
        assert said("acme", *register, "--use-bundled-ca", SSL_CERT_FILE=_OTHER) == "ok"
