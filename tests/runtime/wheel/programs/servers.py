"""Make server contexts in every usual way; print whether each accepts a client's certificate.

Standard input holds {"server": [chain, key], "client": [chain, key], "ca": PEM text of the client's CA}. The
names of the ways are the keys of the answer; those "on purpose" name the client's CA themselves.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, PTH108
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import json
import os
import socket
import ssl
import sys
import tempfile
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # PROTOCOL_TLS, which old servers use


def _certifi():
    try:
        import certifi
    except ImportError:
        from pip._vendor import certifi
    return certifi


def _client_auth():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
    return context


def _protocol(protocol, load):
    context = ssl.SSLContext(protocol)
    load(context)
    return context


def _checking_names(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True  # of no use to a server, but it may be set
    context.set_default_verify_paths()
    context.check_hostname = False


def _defaults(context):
    context.set_default_verify_paths()


def _default_certs(context):
    context.load_default_certs()


def _where(context):
    context.load_verify_locations(_certifi().where())


def _contents(change):
    return lambda context: context.load_verify_locations(cadata=change(_certifi().contents()))


_OTHER = "# what a program adds of its own\n"
_LOADS = {
    "set_default_verify_paths": _defaults,
    "load_default_certs": _default_certs,
    "checking names": _checking_names,
    "where": _where,
    "contents": _contents(lambda text: text),
    "contents + other": _contents(lambda text: text + _OTHER),
    "contents.strip": _contents(str.strip),
    "contents in an f-string, twice": _contents(lambda text: f"{_OTHER}{text}{text}"),
    "contents by lines": _contents(lambda text: "\r\n".join(text.splitlines())),
    "contents without the last comment": _contents(lambda text: text.rpartition("\n#")[0]),
}


def _contexts(ca):
    ways = {"create_default_context(CLIENT_AUTH)": _client_auth()}
    for protocol in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS, ssl.PROTOCOL_TLSv1_2):
        ways.update({f"{protocol!r}, {name}": _protocol(protocol, load) for name, load in _LOADS.items()})
    purposes = {"on purpose": lambda _: ca, "on purpose, beside certifi's": lambda text: text + ca}
    for name, change in purposes.items():
        ways[name] = _protocol(ssl.PROTOCOL_TLS_SERVER, _contents(change))
    return ways


def _client(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whom the client trusts is not the question here
    context.load_cert_chain(*files)
    return context


def _handshake(server, client):
    """Return whether `server` accepts the certificate that `client` presents."""
    ours, theirs = socket.socketpair()
    accepted = []

    def serve():
        try:
            with server.wrap_socket(ours, server_side=True) as secured:
                secured.sendall(b"x")
                accepted.append(bool(secured.getpeercert()))
        except ssl.SSLError as error:
            accepted.append(False if error.reason == "CERTIFICATE_VERIFY_FAILED" else str(error))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(theirs) as secured:
            secured.recv(1)
    except (ssl.SSLError, OSError):
        pass  # the server's alert
    thread.join()
    return accepted[0]


def _files(pair):
    """Write a throw-away certificate and its key where OpenSSL can read them."""
    paths = []
    for text in pair:
        descriptor, path = tempfile.mkstemp()
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        paths.append(path)
    return paths


def main():
    given = json.load(sys.stdin)
    files = {name: _files(given[name]) for name in ("server", "client")}
    found = {}
    try:
        for name, server in _contexts(given["ca"]).items():
            server.load_cert_chain(*files["server"])
            server.verify_mode = ssl.CERT_REQUIRED
            found[name] = _handshake(server, _client(files["client"]))
    finally:
        for path in (*files["server"], *files["client"]):
            os.unlink(path)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
