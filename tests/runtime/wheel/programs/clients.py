"""Call servers with many clients, each with its defaults; print who accepted and who refused the certificate.

The clients are those of `trustpack prove`; only what needs more than an address of a server is here.

Standard input holds {"urls": {server: url}, "clients": [name] or null, "leaves": {server: [chain, key]}}.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, E402, F401, PTH100, PTH118, PTH120
# (This runs in Pythons from 3.9 on, with libraries that are not where the type checker runs.)

import contextlib
import json
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(_HERE, *[os.pardir] * 4, "builder", "prove", "probes"))

# choices.py takes them from here.
from python_clients import (
    _CLIENTS,
    TIMEOUT,
    _http_client,
    _httpx,
    _outcome,
    _pip,
    _program,
    _requests,
    _urllib,
    _urllib3,
)


def _pycurl_with_roots(url):
    import acme_certifi
    import pycurl

    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    handle.set_ca_certs(acme_certifi.contents())
    handle.perform()


def _grpc(leaf):
    """Serve and call gRPC, which speaks no HTTP/1.1; the answer UNIMPLEMENTED came over TLS."""
    import concurrent.futures

    import grpc

    chain, key = (text.encode() for text in leaf)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(key, chain)]))
    server.start()
    try:
        with grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials()) as channel:
            channel.unary_unary("/service/method")(b"", timeout=TIMEOUT)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNIMPLEMENTED:
            raise RuntimeError(error.details()) from None
    finally:
        server.stop(None)


def _botocore_session(url):
    """Call a service through a session, which reads the environment."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from botocore.parsers import ResponseParserError

    config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
    session = botocore.session.get_session()
    client = session.create_client("s3", region_name="eu-west-1", endpoint_url=url, config=config)
    with contextlib.suppress(ClientError, ResponseParserError):  # the server answered over TLS
        client.list_buckets()


_MORE = {
    "pycurl with roots": _pycurl_with_roots,
    "grpcio": _grpc,
    "botocore session": _botocore_session,
}


def main():
    given = json.load(sys.stdin)
    programs = {
        name: lambda url, command=command, success=success: _program(
            *[word.replace("URL", url) for word in command], success=success
        )
        for name, (command, success) in given.get("programs", {}).items()
    }
    calls = {**_CLIENTS, **_MORE, **programs}
    found = {}
    for name in given["clients"]:
        addresses = given["leaves"] if name == "grpcio" else given["urls"]
        found[name] = {server: _outcome(calls[name], address) for server, address in addresses.items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
