"""A Dask cluster for tests, as an administrator starts it: by its own programs, with certificates of a CA."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.prove import authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ADDRESS = re.compile(r"Scheduler at: *(tls://127\.0\.0\.1:[0-9]+)")
_JOINED = re.compile(r"(Registered to)")


class Cluster(NamedTuple):
    """The scheduler's address, the options that name files of PEM to Dask and to us, and the scheduler."""

    address: str
    files: list[str]
    scheduler: subprocess.Popen[str]


def certificates(folder: Path) -> list[str]:
    """Make a CA and a certificate for servers and clients; return the options that name them."""
    now = dt.datetime.now(dt.UTC)
    root, key = authority.create("Cluster Root", now=now), ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "member")]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made = {"--tls-ca-file": root.pem, "--tls-cert": leaf.public_bytes(pem), "--tls-key": private}
    for option, data in made.items():
        (folder / f"{option[2:]}.pem").write_bytes(data)
    return [word for option in made for word in (option, f"{folder / option[2:]}.pem")]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a scheduler and a worker of two threads on loopback; their files lie in `folder`."""
    files = certificates(folder)
    scheduler = ("scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with _program(folder, _ADDRESS, *scheduler, *files) as (process, address):
        worker = ("worker", address, "--host", "127.0.0.1", "--nthreads", "2", "--no-dashboard")
        with _program(folder, _JOINED, *worker, *files):
            yield Cluster(address, files, process)


@contextlib.contextmanager
def _program(
    folder: Path, wanted: re.Pattern[str], *words: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a program of Dask's until it has said something; yield it, and that."""
    command = [sys.executable, "-m", "dask", *words]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        assert process.stderr is not None
        said = ""
        while not (found := wanted.search(said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        # What it says later must not fill the pipe.
        with subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL):
            try:
                yield process, found[1]
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
