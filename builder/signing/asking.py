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

_OPENPGP = "openpgp:"
_PUBLIC = ".pub"
_SSH = ("ssh-keygen", "-Y", "sign", "-n", approving.NAMESPACE, "-f")
_GPG = ("gpg", "--quiet", "--no-armor", "--digest-algo", "SHA512", "--local-user")
_AGENT = {
    "ssh-keygen": "let the agent have it first: ssh-add KEY",
    "gpg": "let gpg-agent have it first: gpg --detach-sign at a terminal",
}
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
        said = answer.said or f"status {answer.status}"
        if at_terminal:
            raise ToolError(f"{words[0]}: has not signed: {said}")
        # Without a terminal, ssh-keygen takes no password for a wrong one.
        raise ToolError(
            f"{words[0]}: has not signed, and there is no terminal at which it could ask: {said}",
            hint=f"if the key has a password, sign at a terminal, or {_AGENT[words[0]]}",
        )
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


def _file(key: str) -> str:
    path = Path(key)
    if not path.is_file():
        hint = "an SSH private key's file, a public one's whose agent has the other, or openpgp:FINGERPRINT"
        raise SignatureError(f"{key}: there is no such key", hint=hint)
    return str(path.absolute())
