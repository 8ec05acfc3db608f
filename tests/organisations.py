"""Many organisations with CAs of their own: `python -m tests.organisations FOLDER 10000`.

Every third has a second root, which is to follow the first, and every fifth has a lock. They are the same
bytes each time, as their keys are made of their names: so one digest tells whether two machines made the same
packages. Such keys are worth nothing, and are not written.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from builder.lifecycle import lockfile
from builder.pipeline.accept import accept
from builder.pipeline.plan import following
from builder.pipeline.project import find

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)
_TWO_ROOTS, _LOCKED, _SITE = 3, 5, 7  # every third, fifth and seventh
_TOWNS = ("Aachen", "Zürich", "Łódź", "Tromsø", "Bern", "Porto", "Graz", "Ghent", "Turku", "Split", "Cork")
_USAGE = dict.fromkeys(
    (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "encipher_only", "decipher_only",
    ),
    False,
) | {"key_cert_sign": True, "crl_sign": True}  # fmt: skip
_PIECE = 100  # organisations that one process makes at a time


def write(folder: Path, count: int, *, first: int = 0, jobs: int = 1, age: int = 1) -> list[str]:
    """Make `count` organisations below `folder`, by `jobs` processes, and return their slugs.

    `age` is how many days ago their roots became valid: another age is another root of the same name.
    """
    pieces = [range(first + i, first + min(i + _PIECE, count)) for i in range(0, count, _PIECE)]
    if jobs == 1:
        return [name for piece in pieces for name in _write_some(folder, age, piece)]
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawned) as pool:
        return [name for piece in pool.map(partial(_write_some, folder, age), pieces) for name in piece]


def slug(number: int) -> str:
    """Return the short name of an organisation."""
    return f"org-{number:05}"


def renew(folder: Path, number: int) -> None:
    """Give an organisation other CAs, and no lock that still lists the old ones."""
    (folder / slug(number) / "trustpack.lock").unlink(missing_ok=True)
    _write_one(folder, number, age=2)


def _write_some(folder: Path, age: int, numbers: range) -> list[str]:
    return [_write_one(folder, number, age=age) for number in numbers]


def _write_one(folder: Path, number: int, *, age: int) -> str:
    name = slug(number)
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    count = 2 if number % _TWO_ROOTS == 0 else 1
    roots = [_root(f"{_name(number)} Root R{i}", f"{name} {i}", age=age) for i in range(1, count + 1)]
    pems = [one.public_bytes(serialization.Encoding.PEM) for one in roots]
    (own / "roots.pem").write_bytes(b"".join(pems))
    text = _configuration(number, [one.fingerprint(hashes.SHA256()).hex() for one in roots])
    (own / "trustpack.yaml").write_text(text, "utf-8")
    if number % _LOCKED == 0:
        project = find([], None, own / "trustpack.yaml", now=NOW)
        lock = following(project, accept(project).bundle)
        (own / "trustpack.lock").write_text(lockfile.to_text(lock), "utf-8")
    return name


def _name(number: int) -> str:
    return f"{_TOWNS[number % len(_TOWNS)]} {number} & Sons"


def _configuration(number: int, fingerprints: list[str]) -> str:
    name = slug(number)
    lines = [
        f"# {_name(number)}: whose CAs these are, and what is built from them.",
        "organisation:",
        f"  slug: {name}",
        f'  name: "{_name(number)}"',
        f"  contact: PKI of {_TOWNS[number % len(_TOWNS)]} <pki@{name}.example>",
        f"  homepage: https://pki.{name}.internal/",
        "bundle:",
        "  paths: [roots.pem]",
    ]
    if number % _SITE == 0:
        lines.append(f"site: https://packages.{name}.example")
    if len(fingerprints) > 1:
        old, new = fingerprints
        lines += ["lifecycle:", "  overlap: 30d", "  authorities:"]
        lines += [f"    {old}:", "      state: retiring", "      until: 2028-03-01"]
        lines += [f"      successor: {new}"]
        lines += [f"    {new}:", "      since: 2026-06-01", "      owner: PKI team"]
    return "\n".join(lines) + "\n"


def _root(common_name: str, seed: str, *, age: int) -> x509.Certificate:
    digest = hashlib.sha256(f"{seed} {age}".encode()).digest()
    key = ec.derive_private_key(int.from_bytes(digest) >> 1, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(digest[:16]) | 1)
        .not_valid_before(NOW - age * _DAY)
        .not_valid_after(NOW + 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_USAGE), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    write(options.folder, options.count, jobs=os.cpu_count() or 1)


if __name__ == "__main__":
    main()
