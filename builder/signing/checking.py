"""Look a folder of keys through: whether they can sign, nobody else can read them, and none lies about."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.errors import TrustpackError
from builder.signing import key_folder, openpgp, opinion, site_keys
from builder.signing.generation import SIGNING
from builder.signing.keyring import NO_STATEMENT_KEY
from builder.signing.private_file import NO_PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from builder.signing.generation import Generation
    from builder.signing.key_folder import KeyFolder
    from builder.signing.private_file import Passwords

_TEXT = b"trustpack keys check\n"
_UNUSED = ("retired", "withdrawn")


class KeyFinding(msgspec.Struct, frozen=True):
    """What is wrong with keys, or worth knowing; an error keeps them from signing."""

    level: Literal["error", "warning", "note"]
    where: str
    message: str
    hint: str = ""


def check(
    folder: Path, *, time: int, passwords: Passwords = NO_PASSWORDS, signer: Sequence[str] = ()
) -> tuple[KeyFinding, ...]:
    """Return what there is to say of a folder of keys; `time` is now, in seconds since 1970.

    Each key that signs is tried, and another program asked what it thinks of it. Raises SignatureError where
    there is no such folder.
    """
    found = key_folder.read(folder)
    findings = [*_files(found)]
    for one in found.in_state(*SIGNING):
        findings += _tried(found, one, time, passwords, signer)
    for one in found.in_state("next"):
        findings += _next(found, one, passwords, signer)
    for one in found.in_state(*_UNUSED):
        findings += [
            KeyFinding("warning", str(found.path / name), "signs nothing any more", "remove it")
            for name in _here(found, one)
        ]
    order = ("error", "warning", "note")
    return tuple(sorted(findings, key=lambda one: order.index(one.level)))


def _here(found: KeyFolder, one: Generation) -> list[str]:
    return [name for name in one.private if (found.path / name).exists()]


def _files(found: KeyFolder) -> Iterator[KeyFinding]:
    known = {name for one in found.file.generations for name in one.private}
    for path in sorted(found.path.iterdir()):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.suffix == ".pem" and mode & 0o077:
            hint = f"'chmod 600 {path}', and replace it if somebody may have read it"
            yield KeyFinding("error", str(path), f"others may read it: its mode is {mode:04o}", hint)
        if path.suffix == ".pem" and path.name not in known:
            yield KeyFinding("warning", str(path), f"is no key that {key_folder.INDEX} names")
    ignored = found.path / ".gitignore"
    if not ignored.exists():
        hint = f"write a line with * into {ignored}"
        yield KeyFinding("warning", str(ignored), "is not there, so that git may take the keys", hint)


def _tried(
    found: KeyFolder, one: Generation, time: int, passwords: Passwords, signer: Sequence[str]
) -> Iterator[KeyFinding]:
    """Sign something with each key, and verify it."""
    where = f"generation {one.number}"
    try:
        pair = site_keys.signing(found, one, passwords=passwords, signer=signer)
        signature = pair.openpgp.sign(openpgp.BINARY, _TEXT, time=time)
        program = opinion.detached(pair.openpgp.certificate, _TEXT, signature)
        pair.apk.raw(hashlib.sha256(_TEXT).digest())  # which verifies what it makes
        if pair.statement is not None:
            opinion.statement(pair.statement.public, _TEXT, pair.statement.sign(_TEXT))
    except TrustpackError as error:
        yield KeyFinding("error", where, str(error), error.hint)
        return
    if pair.statement is None and one.state == "current":
        yield KeyFinding("warning", where, "has no key for statements", NO_STATEMENT_KEY)
    if program:
        yield KeyFinding("note", where, f"signs, and {program} verifies it")
    else:
        hint = "install gpgv, sqv or pysequoia"
        yield KeyFinding("warning", where, "signs, and no other program is here to verify it", hint)


def _next(
    found: KeyFolder, one: Generation, passwords: Passwords, signer: Sequence[str]
) -> Iterator[KeyFinding]:
    where = f"generation {one.number}"
    here = _here(found, one)
    if not here:
        yield KeyFinding("note", where, "its private keys are elsewhere, as they are to be")
        return
    if len(here) < len(one.private):
        missing = ", ".join(sorted({*one.private} - {*here}))
        yield KeyFinding(
            "warning", where, f"of its private keys {', '.join(here)} are here, and not {missing}"
        )
        return
    try:
        site_keys.signing(found, one, passwords=passwords, signer=signer)
    except TrustpackError as error:
        yield KeyFinding("error", where, str(error), error.hint)
        return
    yield KeyFinding(
        "warning",
        where,
        f"{', '.join(here)} lie beside the keys that sign: who steals one has them all",
        "move them to another place; they are needed for the next rotation, and not before",
    )
