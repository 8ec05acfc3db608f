# ruff: noqa: T201
"""Read lines of name, CA file and port; print name and whether an HTTPS handshake is accepted."""

import socket
import ssl
import sys

for line in sys.stdin:
    name, authority, port = line.rstrip("\n").split("\t")
    try:
        context = ssl.create_default_context(cafile=authority)
        with socket.create_connection(("localhost", int(port)), 10) as raw:
            context.wrap_socket(raw, server_hostname="localhost").close()
        print(name, "ok", "", sep="\t")
    except (ssl.SSLError, ValueError) as error:
        print(name, "fails", str(error), sep="\t")
