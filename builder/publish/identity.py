"""Trusted publishing: what says which CI job this is (OpenID Connect) is exchanged for a registry's token.

PyPI, npm and RubyGems each have an address for that; a token counts for minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from builder.errors import PublishError
from builder.publish import credential as credentials
from builder.publish.registry import PlannedRequest
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.publish.credential import Credential
    from builder.publish.web import Web

SOURCE = "the token for this job's identity"
# GitHub hands out an identity for each audience; GitLab puts the ones that a job asks for into variables.
_ADDRESS, _ACCESS = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_UNKNOWN = "register this workflow there as a trusted publisher, or set a token in the environment"


def offered(environment: Mapping[str, str], variable: str) -> bool:
    """Tell whether this is a CI job that has an identity; `variable` is where GitLab puts it."""
    return bool(environment.get(variable) or (environment.get(_ADDRESS) and environment.get(_ACCESS)))


def requests(environment: Mapping[str, str], variable: str) -> Iterator[PlannedRequest]:
    """Yield the request by which the identity is had, if it takes one."""
    if not environment.get(variable):
        yield PlannedRequest("GET", urls.shown(environment[_ADDRESS]))


def read(environment: Mapping[str, str], web: Web, *, variable: str, audience: str) -> Credential:
    """Return the job's identity for an audience, as a bearer's token; raise PublishError."""
    name, value = credentials.variable(environment, variable)
    if name:
        return credentials.bearer(name, value)
    _, access = credentials.variable(environment, _ACCESS)
    address = environment[_ADDRESS]
    url = f"{address}{'&' if '?' in address else '?'}audience={quote(audience, safe='')}"
    reply = web.get(url, credentials.bearer(_ACCESS, access), elsewhere=False)
    return credentials.bearer("this job's identity", text(reply.body, "value", url))


def exchange(
    web: Web, url: str, identity: Credential, *, body: Mapping[str, str], header: bool, key: str
) -> str:
    """Return the token that a registry gives for an identity, which is in the body or, for npm, a header."""
    sent = identity if header else credentials.Credential(identity.source, identity.secret, {})
    try:
        reply = web.send("POST", url, msgspec.json.encode(body), sent, _JSON)
    except PublishError as error:
        raise type(error)(str(error), hint=_UNKNOWN) from None
    return text(reply.body, key, url)


def text(body: bytes, key: str, url: str) -> str:
    """Return a text out of a server's JSON; raise PublishError where it has none."""
    try:
        found: Any = msgspec.json.decode(body, type=dict[str, Any]).get(key)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, str) or not found.isascii() or not found.isprintable():
        raise PublishError(
            f"{urls.shown(url)}: answers without '{key}'", hint="is that a registry's address?"
        )
    return found
