"""Use one pyOpenSSL context on both sides of connections, as sides.py does with those of ssl."""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, PTH108
# (This runs with libraries that are not where the type checker runs.)

import contextlib
import json
import os
import sys

import certifi
from OpenSSL import SSL
from servers import _files

_LOADS = {
    "set_default_verify_paths": lambda context: context.set_default_verify_paths(),
    "certifi": lambda context: context.load_verify_locations(certifi.where()),
    "certifi as bytes": lambda context: context.load_verify_locations(os.fsencode(certifi.where())),
}


_ORDERS = {"a server only": "s", "a client, then a server": "cs", "a server first": "scs"}


def _context(files):
    made = SSL.Context(SSL.TLS_METHOD)
    made.use_certificate_chain_file(files[0])
    made.use_privatekey_file(files[1])
    made.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return made


def _handshake(server, client):
    """Return what each side says of the other's certificate."""
    sides = {"client": SSL.Connection(client), "server": SSL.Connection(server)}
    sides["client"].set_connect_state()
    sides["server"].set_accept_state()
    said = {}
    for _ in range(10):
        for name, other in (("client", "server"), ("server", "client")):
            if name not in said:
                try:
                    sides[name].do_handshake()
                    said[name] = "accepted"
                except SSL.WantReadError:
                    pass
                except SSL.Error as error:
                    said[name] = "refused" if "certificate verify failed" in str(error) else str(error)
            with contextlib.suppress(SSL.WantReadError):
                sides[other].bio_write(sides[name].bio_read(1 << 16))
    return said


def main():
    given = json.load(sys.stdin)
    server, client = _files(given["server"]), _files(given["client"])
    found = {}
    for name, load in _LOADS.items():
        for kind, order in {
            "a server only": "s",
            "a client, then a server": "cs",
            "a server first": "scs",
        }.items():
            context = _context(server)
            load(context)
            roles = []
            for role in order:
                other = _context(client if role == "s" else server)
                other.load_verify_locations(given["ca"])
                if role == "s":
                    roles.append(_handshake(context, other).get("server"))
                else:
                    other.set_verify(SSL.VERIFY_NONE)
                    roles.append(_handshake(other, context).get("client"))
            found[f"{name}, {kind}"] = roles
    on_purpose = _context(server)
    on_purpose.load_verify_locations(given["ca"])
    other = _context(client)
    other.load_verify_locations(given["ca"])
    found["on purpose"] = [_handshake(on_purpose, other)["server"]]
    for path in (*server, *client):
        os.unlink(path)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
