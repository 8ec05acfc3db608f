"""Signatures by the programs that people's keys are in: ssh-keygen (files, its agent, FIDO tokens), and gpg.

No private key is read here: the programs ask for passwords and touches themselves, on the terminal.
"""

from __future__ import annotations

import re
from pathlib import Path

from builder.errors import SignatureError, ToolError
from builder.signing import approving, program, ssh
from builder.signing.packets import Unsupported
from builder.text import files
from builder.text.quoting import visible

_OPENPGP = "openpgp:"
_PUBLIC = ".pub"
_SSH = ("ssh-keygen", "-Y", "sign", "-n", approving.NAMESPACE, "-f")
_GPG = ("gpg", "--quiet", "--no-armor", "--digest-algo", "SHA512", "--local-user")
_AGENT = {
    "ssh-keygen": "let the agent have it first: ssh-add KEY",
    "gpg": "let gpg-agent have it first: gpg --detach-sign at a terminal",
}
_OPEN = re.compile(r"^Permissions .* are too open", re.MULTILINE)  # ssh-keygen says more behind it
_UNUSABLE = "Unusable secret key"
_NO_KEY = "Couldn't load public key"
_MINUTES = 10 * 60.0  # in seconds: people look for their passwords and tokens
_MOST_BYTES = 64 * 1024  # of a public key's file


def sign(key: str, text: str, *, at_terminal: bool) -> bytes:
    """Return the signature of a text by the key that `key` names: an SSH key's file, or openpgp:FINGERPRINT.

    `at_terminal` tells whether the program can ask for a password. Raises ToolError where it does not sign,
    SignatureError where there is no such key.
    """
    fingerprint = openpgp(key)
    words = (*_GPG, fingerprint, "--detach-sign", "--output", "-") if fingerprint else (*_SSH, _file(key))
    answer = program.ask(words, text.encode(), seconds=_MINUTES, on_terminal=True)
    if answer.status:
        raise _unsigned(words[0], fingerprint, answer, at_terminal=at_terminal)
    try:
        return answer.out if fingerprint else ssh.dearmored(answer.out.decode("latin-1"))
    except Unsupported as fault:
        raise SignatureError(f"{words[0]}: what it returned {fault}") from None


def public(key: str) -> approving.ApproverKey | None:
    """Return the public key beside an SSH key's file, None where there is none that can be read."""
    path = Path(key if key.endswith(_PUBLIC) else f"{key}{_PUBLIC}")
    try:
        return approving.read_key(files.read(path, _MOST_BYTES).decode("ascii"), str(path))
    except (OSError, UnicodeDecodeError, SignatureError):
        return None


def openpgp(key: str) -> str:
    """Return the fingerprint in openpgp:FINGERPRINT, empty for a file; SignatureError for a short one."""
    if not key.startswith(_OPENPGP):
        return ""
    found = re.sub(r"\s", "", key.removeprefix(_OPENPGP)).upper()
    if not re.fullmatch(r"[0-9A-F]{40}", found):
        hint = "'gpg --list-secret-keys' lists those that the agent has"
        raise SignatureError("openpgp: a key is named by its whole fingerprint, 40 digits", hint=hint)
    return found


def _unsigned(name: str, fingerprint: str, answer: program.Answer, *, at_terminal: bool) -> ToolError:
    """Return the error of a program that has not signed, with the way out where it tells enough."""
    said = answer.said or f"status {answer.status}"
    if found := _OPEN.search(answer.err.decode("utf-8", "replace")):
        hint = "chmod 600 that file, and ask who could read it until now"
        return ToolError(f"{name}: has not signed: {visible(found[0])}", hint=hint)
    if fingerprint and _UNUSABLE in said:
        hint = f"gpg --list-secret-keys {fingerprint} tells; trustpack.yaml must have a later key of yours"
        return ToolError(f"{name}: has not signed: {fingerprint} has expired or is revoked", hint=hint)
    if _NO_KEY in said:
        hint = "its .pub must lie beside it; an OpenPGP key is named by its fingerprint: openpgp:FINGERPRINT"
        return ToolError(f"{name}: has not signed: {said}", hint=hint)
    if at_terminal:
        return ToolError(f"{name}: has not signed: {said}")
    # Without a terminal, ssh-keygen takes no password for a wrong one.
    return ToolError(
        f"{name}: has not signed, and there is no terminal at which it could ask: {said}",
        hint=f"if the key has a password, sign at a terminal, or {_AGENT[name]}",
    )


def _file(key: str) -> str:
    path = Path(key)
    if not path.is_file():
        hint = "an SSH private key's file, a public one's whose agent has the other, or openpgp:FINGERPRINT"
        raise SignatureError(f"{key}: there is no such key", hint=hint)
    return str(path.absolute())
