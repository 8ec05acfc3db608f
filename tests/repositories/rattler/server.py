"""Tell of each client's certificate whether a server with Python's default roots accepts it.

The first file is the server's, the others are clients'; each holds a chain and its key. Both sides are here:
what one writes is what the other reads.
"""

import contextlib
import ssl
import sys


def main() -> None:
    """Print a line for each client."""
    leaf, *clients = sys.argv[1:]
    for file in clients:
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(leaf)
        server.verify_mode = ssl.CERT_REQUIRED
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.load_cert_chain(file)
        try:
            _connect(server, client)
        except ssl.SSLCertVerificationError as error:
            print(file, "refused", error)  # noqa: T201  what it prints is its verdict
        else:
            print(file, "accepted")  # noqa: T201


def _connect(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """Let both shake hands, by turns."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)]
    for _ in range(3):
        for side in sides:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    assert sides[1].getpeercert(binary_form=True)


main()
