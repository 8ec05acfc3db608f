"""What a client did with a server's certificate, judged by both ends where both are ours."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from builder.errors import TrustpackError
from builder.prove.testbed import Ran

if TYPE_CHECKING:
    from builder.prove.server import Listener
    from builder.prove.testbed import Client, Testbed

HOST = "localhost"

# What clients say when they refuse a certificate. A client that stops for another reason has judged nothing:
# hence not "certif", which is in the path of every line of a crashed Python's traceback.
ABOUT_CERTIFICATE = re.compile(
    r"(?i:certificate|issuer|PKIX|x509|verif(y|ication)|subject alternative|host\s?name)"
    r"|\b(ERR_(TLS_)?)?CERT_[A-Z]"
)
_SIGNALLED = 128


class HandshakeResult(StrEnum):
    """What a client did with a server's certificate."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    BROKEN = "broken"  # it never got as far as judging: not installed right, no connection, a crash


def ask(testbed: Testbed, client: Client, listener: Listener) -> tuple[HandshakeResult, str]:
    """Let a client make one request and judge by both ends: how it ended and what the server saw.

    A client that fails without ever reaching the server, or for another reason than the certificate, has
    refused nothing.
    """
    seen = listener.seen()
    ran = _run(testbed, client, f"https://{HOST}:{listener.port}/")
    now = listener.seen()
    served, connected = now.requests > seen.requests, now.connections > seen.connections
    if ran.code == 0 and served:
        return HandshakeResult.ACCEPTED, _last(ran)
    if connected and not served and _refused(ran):
        return HandshakeResult.REFUSED, _last(ran)
    return HandshakeResult.BROKEN, _last(ran)


def ask_client_only(testbed: Testbed, client: Client, url: str) -> tuple[HandshakeResult, str]:
    """Let a client make one request to a server that nobody here can watch: client-reported only."""
    ran = _run(testbed, client, url)
    if ran.code == 0:
        return HandshakeResult.ACCEPTED, _last(ran)
    return HandshakeResult.REFUSED if _refused(ran) else HandshakeResult.BROKEN, _last(ran)


def _refused(ran: Ran) -> bool:
    return 0 < ran.code < _SIGNALLED and ABOUT_CERTIFICATE.search(ran.output) is not None


def _run(testbed: Testbed, client: Client, url: str) -> Ran:
    try:
        return testbed.run(client, url)
    except TrustpackError as error:
        return Ran(-1, str(error))


def _last(ran: Ran) -> str:
    lines = ran.output.strip().splitlines()
    return lines[-1] if lines else f"exit status {ran.code}"
