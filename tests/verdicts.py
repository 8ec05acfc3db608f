"""Which of many servers the clients of a sandbox accept, each client started once for all of them."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from builder.prove.clients import SystemClient
from builder.prove.handshake import ABOUT_CERTIFICATE
from builder.prove.sandbox import Sandbox

_AT_ONCE = 4


def accepted(
    sandbox: Sandbox, clients: Sequence[SystemClient], urls: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Return, for each client's name, which of `urls` it accepts.

    A client that fails for another reason than the server's certificate fails the test.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda client: _ask(sandbox, client, urls), clients)
        return {client.name: answer for client, answer in zip(clients, answers, strict=True)}


def _ask(sandbox: Sandbox, client: SystemClient, urls: Sequence[str]) -> frozenset[str]:
    out = sandbox.run([*client.command, *urls], check=False, seconds=120).out
    trusted: set[str] = set()
    for url in urls:
        verdict = re.search(rf"^{re.escape(url)} (accepted|refused)(.*)", out, re.MULTILINE)
        judged = verdict and (verdict[1] == "accepted" or ABOUT_CERTIFICATE.search(verdict[2]))
        assert judged, f"{client.name}: could not judge {url} in {sandbox.root}:\n{out}"
        if verdict and verdict[1] == "accepted":
            trusted.add(url)
    return frozenset(trusted)
