"""A second opinion: what was signed here is verified by another program or library than the one that signed.

Only public files are handed to it, in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from builder.errors import SignatureError
from builder.release import scratch
from builder.signing import gpgv, program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PATH = f"{os.defpath}:/usr/local/bin"
_SECONDS = 60
_HINT = "do not publish it: the two programs read it differently, or this machine is faulty"


def detached(certificate: bytes, data: bytes, signature: bytes) -> str:
    """Return the name of what verified a signature over `data`; empty where nothing can.

    `certificate` are the packets of the key that has signed, `signature` is packets, too. Raises
    SignatureError where it is refused.
    """
    for name, ask in VERIFIERS.items():
        with scratch.folder("opinion") as folder:
            (folder / "key").write_bytes(certificate)
            (folder / "signature").write_bytes(signature)
            (folder / "data").write_bytes(data)
            answer = ask(folder)
        if answer is not None:
            if answer:
                raise SignatureError(f"{name}: refuses a signature that was just made: {answer}", hint=_HINT)
            return name
    return ""


def rpm(certificate: bytes, data: bytes) -> str:
    """Return the name of what verified an .rpm's signature; empty where there is nothing.

    `certificate` is armored. Raises SignatureError where it is refused.
    """
    if not _found("rpmkeys"):
        return ""
    with scratch.folder("opinion") as folder:
        (folder / "key").write_bytes(certificate)
        (folder / "a.rpm").write_bytes(data)
        keys = ("rpmkeys", "--dbpath", str(folder / "db"))
        said = _refusal([*keys, "--import", str(folder / "key")], folder)
        # Without the key it says NOKEY; asked so, an unsigned package is refused, too.
        level = ("--define", "_pkgverify_level all")
        said = said or _refusal([*keys, *level, "--checksig", str(folder / "a.rpm")], folder)
    if said:
        raise SignatureError(f"rpmkeys: refuses a package that was just signed: {said}", hint=_HINT)
    return "rpmkeys"


def cms(data: bytes) -> str:
    """Return the name of what verified a CMS signature by the certificates in it; empty where nothing can.

    Raises SignatureError where it is refused. Whether anybody trusts these certificates is not asked.
    """
    if not _found("openssl"):
        return ""
    with scratch.folder("opinion") as folder:
        (folder / "signed").write_bytes(data)
        words = ["openssl", "smime", "-verify", "-noverify", "-inform", "DER"]
        said = _refusal([*words, "-in", str(folder / "signed"), "-out", str(folder / "content")], folder)
    if said:
        raise SignatureError(f"openssl: refuses a profile that was just signed: {said}", hint=_HINT)
    return "openssl"


def raw(public: bytes, digest: bytes, signature: bytes) -> str:
    """Return the name of what verified an RSA signature of a SHA-256; empty where there is nothing.

    `public` is PEM. Raises SignatureError where it is refused.
    """
    if not _found("openssl"):
        return ""
    with scratch.folder("opinion") as folder:
        parts = {"-inkey": public, "-in": digest, "-sigfile": signature}
        words = ["openssl", "pkeyutl", "-verify", "-pubin", "-pkeyopt", "digest:sha256"]
        for option, data in parts.items():
            (folder / option).write_bytes(data)
            words += [option, str(folder / option)]
        said = _refusal(words, folder)
    if said:
        raise SignatureError(f"openssl: refuses a signature that was just made: {said}", hint=_HINT)
    return "openssl"


def statement(public: bytes, data: bytes, signature: bytes) -> str:
    """Return the name of what verified a statement's signature; empty where there is nothing.

    `public` is PEM. Raises SignatureError where it is refused. It is asked as the guide tells people to.
    """
    if not _found("openssl"):
        return ""
    with scratch.folder("opinion") as folder:
        for name, content in {"key.pub": public, "signed": data, "signature": signature}.items():
            (folder / name).write_bytes(content)
        words = ["-verify", str(folder / "key.pub"), "-signature", str(folder / "signature")]
        said = _refusal(["openssl", "dgst", "-sha256", *words, str(folder / "signed")], folder)
    if said:
        raise SignatureError(f"openssl: refuses a signature that was just made: {said}", hint=_HINT)
    return "openssl"


def _found(name: str) -> str | None:
    return shutil.which(name, path=_PATH)


def _refusal(command: list[str], home: Path) -> str:
    """Return why a program refuses, or an empty string."""
    environment = {"HOME": str(home), "PATH": _PATH, "LANG": "C.UTF-8"}
    answer = program.ask(command, b"", environment=environment, seconds=_SECONDS)
    return (answer.said or f"status {answer.status}") if answer.status else ""


def _gpgv(folder: Path) -> str | None:
    name = gpgv.find()
    if not name:
        return None
    return gpgv.refusal(name, folder / "key", folder / "signature", folder / "data", home=folder)


def _sqv(folder: Path) -> str | None:
    files = [str(folder / file) for file in ("key", "signature", "data")]
    return _refusal(["sqv", "--keyring", *files], folder) if _found("sqv") else None


def _pysequoia(folder: Path) -> str | None:
    try:
        import pysequoia
    except ImportError:
        return None
    certificate = pysequoia.Cert.from_bytes((folder / "key").read_bytes())
    try:
        signature = pysequoia.Sig.from_bytes((folder / "signature").read_bytes())
        pysequoia.verify(file=folder / "data", store=lambda _: [certificate], signature=signature)
    except Exception as error:  # noqa: BLE001  whatever it raises is its answer
        return str(error)
    return ""


VERIFIERS: dict[str, Callable[[Path], str | None]] = {
    "gpgv": _gpgv,
    "sqv": _sqv,
    "pysequoia": _pysequoia,
}
