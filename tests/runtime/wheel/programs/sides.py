"""Use one context on both sides of connections; print on which of them it accepts the other's certificate.

Standard input holds {"server": [chain, key], "client": [chain, key], "ca": path of the CA of both}. The
answer has, for each way to make a context and to connect with it, a list with one word for each connection.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, PTH108
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import asyncio
import json
import logging
import os
import socket
import ssl
import sys
import threading
import warnings

from servers import _certifi, _files

warnings.simplefilter("ignore", DeprecationWarning)  # the protocols of old programs
logging.disable()  # asyncio tells of each connection that ends
_SECONDS = 30


def _verdict(error):
    return "refused" if getattr(error, "reason", "") == "CERTIFICATE_VERIFY_FAILED" else repr(error)


def _told(error):
    """Tell whether the other side has refused: asyncio's server may hang up before its alert is sent."""
    return isinstance(error, ConnectionError) or "_ALERT_BAD_CERTIFICATE" in (
        getattr(error, "reason", "") or ""
    )


def _by_sockets(server, client):
    """Return what each side says of the other's certificate."""
    ours, theirs = socket.socketpair()
    said = {}

    def serve():
        try:
            with server.wrap_socket(ours, server_side=True) as secured:
                secured.sendall(b"x")
                said["server"] = "accepted" if secured.getpeercert() else "asked for none"
        except (ssl.SSLError, OSError) as error:
            said["server"] = _verdict(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs, server_hostname="localhost") as secured:
            said["client"] = "accepted"
            secured.recv(1)
    except (ssl.SSLError, OSError) as error:
        said.setdefault("client", _verdict(error))
    thread.join()
    return said


def _by_later_connect(server, client):
    """Do the same with sockets that were wrapped before they were connected, and listened."""
    said = {}
    listening = server.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def serve():
        try:
            with listening.accept()[0] as secured:
                secured.sendall(b"x")
                said["server"] = "accepted" if secured.getpeercert() else "asked for none"
        except (ssl.SSLError, OSError) as error:
            said["server"] = _verdict(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(socket.socket(), server_hostname="localhost") as secured:
            secured.connect(listening.getsockname())
            said["client"] = "accepted"
            secured.recv(1)
    except (ssl.SSLError, OSError) as error:
        said.setdefault("client", _verdict(error))
    thread.join()
    listening.close()
    return said


def _by_memory(server, client):
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = {
        "client": client.wrap_bio(down, up, server_hostname="localhost"),
        "server": server.wrap_bio(up, down, server_side=True),
    }
    said = {}
    for _ in range(10):
        for name, side in sides.items():
            if name not in said:
                try:
                    side.do_handshake()
                    said[name] = "accepted"
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError as error:
                    said[name] = _verdict(error)
    return said


def _by_asyncio(server, client, *, start_tls=False):
    async def both():
        said, done, writer = {}, asyncio.Event(), None

        async def serve(_, writer):
            try:
                if start_tls:
                    loop = asyncio.get_running_loop()
                    protocol = writer.transport.get_protocol()
                    await loop.start_tls(writer.transport, protocol, server, server_side=True)
                else:
                    writer.write(b"x")
                said["server"] = "accepted"
            except ssl.SSLError as error:
                said["server"] = _verdict(error)
            done.set()

        secured = {} if start_tls else {"ssl": server}
        listening = await asyncio.start_server(serve, "127.0.0.1", 0, **secured)
        port = listening.sockets[0].getsockname()[1]
        try:
            if start_tls:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                protocol = writer.transport.get_protocol()
                await asyncio.get_running_loop().start_tls(
                    writer.transport, protocol, client, server_hostname="localhost"
                )
            else:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=client, server_hostname="localhost"
                )
            said["client"] = "accepted"
            if start_tls:
                await done.wait()
            else:
                await reader.read(1)
                said.setdefault("server", "refused")  # asyncio calls nobody where the handshake fails
        except (ssl.SSLError, OSError) as error:
            side = "server" if _told(error) else "client"
            said[side] = "refused" if _told(error) else _verdict(error)
        if writer is not None:
            writer.close()
        listening.close()
        return said

    return asyncio.run(asyncio.wait_for(both(), _SECONDS))


def _by_start_tls(server, client):
    return _by_asyncio(server, client, start_tls=True)


_CONNECTIONS = {
    "sockets": _by_sockets,
    "later connect": _by_later_connect,
    "memory": _by_memory,
    "asyncio": _by_asyncio,
    "start_tls": _by_start_tls,
}


def _checking_first(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    context.set_default_verify_paths()
    context.check_hostname = False


class _Subclass(ssl.SSLContext):
    """Compares by value, so that no dictionary can hold it."""

    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, _Subclass)


_CONTEXTS = {
    "defaults": (ssl.SSLContext, "PROTOCOL_TLS", lambda c: c.set_default_verify_paths()),
    "default certs": (ssl.SSLContext, "PROTOCOL_TLS", lambda c: c.load_default_certs()),
    "for clients' certificates": (
        ssl.SSLContext,
        "PROTOCOL_TLS",
        lambda c: c.load_default_certs(ssl.Purpose.CLIENT_AUTH),
    ),
    "one version": (ssl.SSLContext, "PROTOCOL_TLSv1_2", lambda c: c.load_default_certs()),
    "checking names while loading": (ssl.SSLContext, "PROTOCOL_TLS", _checking_first),
    "certifi's file": (
        ssl.SSLContext,
        "PROTOCOL_TLS",
        lambda c: c.load_verify_locations(_certifi().where()),
    ),
    "certifi's text": (
        ssl.SSLContext,
        "PROTOCOL_TLS",
        lambda c: c.load_verify_locations(cadata=_certifi().contents()),
    ),
    "a subclass": (_Subclass, "PROTOCOL_TLS", lambda c: c.set_default_verify_paths()),
}


class _Parties:
    """The certificates, and what meets the context in question."""

    def __init__(self, given):
        self.server, self.client, self.ca = _files(given["server"]), _files(given["client"]), given["ca"]

    def context(self, name):
        kind, protocol, load = _CONTEXTS[name]
        made = kind(getattr(ssl, protocol))
        load(made)
        return made

    def as_client(self, context, connect):
        """Return whether `context` accepts our server."""
        context.verify_mode, context.check_hostname = ssl.CERT_REQUIRED, True
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        plain.load_cert_chain(*self.server)
        return connect(plain, context).get("client", "silent")

    def as_server(self, context, connect):
        """Return whether `context` accepts our client."""
        context.check_hostname, context.verify_mode = False, ssl.CERT_REQUIRED
        context.load_cert_chain(*self.server)
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        other.load_verify_locations(self.ca)
        other.load_cert_chain(*self.client)
        return connect(context, other).get("server", "silent")


def _callback(parties):
    """Switch to a context that has been a client's when a server is told the name that a client wants."""
    second = parties.context("defaults")
    parties.as_client(second, _by_sockets)
    parties.as_server(second, _by_sockets)
    first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first.load_cert_chain(*parties.server)
    first.sni_callback = lambda secured, _, __: setattr(secured, "context", second)
    return parties.as_server(first, _by_sockets)


def main():
    given = json.load(sys.stdin)
    parties = _Parties(given)
    found = {}
    for way, connect in _CONNECTIONS.items():
        for name in _CONTEXTS:
            context = parties.context(name)
            roles = (parties.as_server, parties.as_client, parties.as_client, parties.as_server)
            found[f"{name}, {way}"] = [role(context, connect) for role in roles]
    on_purpose = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    on_purpose.load_verify_locations(given["ca"])
    for way, connect in _CONNECTIONS.items():
        found[f"on purpose, {way}"] = [parties.as_server(on_purpose, connect)]
    found["server that switches"] = [_callback(parties)]
    for path in (*parties.server, *parties.client):
        os.unlink(path)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
