"""What lets somebody in at a registry: a secret out of the environment, and the header that carries it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec

from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_USER = "__token__"  # noqa: S105  the name that PyPI and its like want with a token


class Credential(msgspec.Struct, frozen=True):
    """A secret, where it comes from, and the headers that carry it; `user` is whose password it is."""

    source: str
    secret: str
    headers: Mapping[str, str]
    user: str = ""

    def __repr__(self) -> str:
        """Say where it comes from, and nothing of what it is."""
        return f"{type(self).__name__}({self.source!r})"


def bearer(source: str, secret: str) -> Credential:
    """Return a token as RFC 6750 has it."""
    return Credential(source, secret, {"Authorization": f"Bearer {secret}"})


def basic(source: str, user: str, secret: str) -> Credential:
    """Return a name and a password as RFC 7617 has them."""
    both = base64.b64encode(f"{user}:{secret}".encode()).decode("ascii")
    return Credential(source, secret, {"Authorization": f"Basic {both}"}, user)


def plain(source: str, secret: str, header: str) -> Credential:
    """Return a token that is a header's whole value."""
    return Credential(source, secret, {header: secret})


def variable(environment: Mapping[str, str], *names: str) -> tuple[str, str]:
    """Return the first of these variables that is set, and its value; empty where none is.

    Raises UsageError for a value that no header can hold, and does not show it.
    """
    for name in names:
        value = environment.get(name, "").strip()
        if value:
            if not (value.isascii() and value.isprintable()):
                raise UsageError(
                    f"{name}: is no token or password: it has characters that none has",
                    hint="was a file read into it, with more than one line?",
                )
            return name, value
    return "", ""


def missing(where: str, *names: str) -> UsageError:
    """Return the error that says which variables a registry's secret is looked for in."""
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return UsageError(
        f"{where}: no credential is set",
        hint=f"set {listed} in the environment; 'trustpack docs publish-registries' says more",
    )
