"""OpenPGP keys that GnuPG's agent has, on a smart card or wherever: gpg signs, and its keys are never read.

Its clock is set to the moment that is to be signed, so that the same moment gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError, ToolError
from builder.signing import openpgp, program
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from builder.signing.openpgp import PublicKey

GPG = "gpg"
_OPTIONS = ("--batch", "--no-tty", "--quiet", "--no-greeting", "--no-auto-check-trustdb")
_HINT = "'gpg --list-secret-keys' lists those that the agent has"


class AgentKey(msgspec.Struct, frozen=True):
    """An OpenPGP key that gpg signs with."""

    public: PublicKey
    certificate: bytes

    def sign(self, kind: int, data: bytes, *, time: int) -> bytes:
        """Return a signature packet over `data`; raise ToolError or SignatureError."""
        moment = dt.datetime.fromtimestamp(max(time, self.public.created), dt.UTC)
        command = (
            *(GPG, *_OPTIONS, "--no-armor", "--digest-algo", "SHA512", "--no-emit-version", "--no-comments"),
            *(
                "--faked-system-time",
                f"{moment:%Y%m%dT%H%M%S}!",
                "--local-user",
                f"{self.public.fingerprint}!",
            ),
            *(("--textmode",) if kind == openpgp.TEXT else ()),
            *("--detach-sign", "--output", "-"),
        )
        packet = _ask(command, data, f"cannot sign with {self.public.fingerprint}").out
        try:
            made = openpgp.verify(self.public, packet, kind, data)
        except Unsupported as fault:
            raise SignatureError(f"gpg: what it returned {fault}: {self.public.fingerprint}") from None
        if made != int(moment.timestamp()):
            raise SignatureError(f"gpg: has signed with another time than {moment:%Y-%m-%d %H:%M:%S} UTC")
        return packet

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.public.fingerprint})"


def certificate(fingerprint: str) -> bytes:
    """Return the certificate (packets) of a key that gpg has; raise ToolError or SignatureError."""
    fingerprint = re.sub(r"\s", "", fingerprint).upper()
    if not re.fullmatch(r"[0-9A-F]{40}", fingerprint):
        raise SignatureError("gpg: a key is named by its whole fingerprint, 40 digits", hint=_HINT)
    command = (GPG, *_OPTIONS, "--no-armor", "--export-options", "export-minimal", "--export", fingerprint)
    data = _ask(command, b"", "cannot export a key").out
    if not data:
        raise SignatureError(f"gpg: has no public key {fingerprint}", hint=_HINT)
    try:
        public, _ = openpgp.read_certificate(data)
    except Unsupported as fault:
        hint = "package managers take RSA keys that sign by themselves: gpg --quick-gen-key NAME rsa4096"
        raise SignatureError(f"gpg: the key {fingerprint} {fault}", hint=hint) from None
    if public.fingerprint != fingerprint:
        raise SignatureError(f"gpg: {fingerprint} is a subkey", hint="name the key that it belongs to")
    return data


def _ask(command: tuple[str, ...], data: bytes, what: str) -> program.Answer:
    answer = program.ask(command, data)
    if answer.status:
        hint = f"{_HINT}; for a key's password, the agent needs a terminal to ask at"
        raise ToolError(f"gpg: {what}: {answer.said or f'status {answer.status}'}", hint=hint)
    return answer
