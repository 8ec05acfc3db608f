"""A cluster of Dask's own programs on loopback, with certificates that the test has made."""

from __future__ import annotations

import datetime as dt
import json
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.prove.authority import create
from tests.batch.disturbed import runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DASK = runs.TRUSTPACK.with_name("dask")
_DAY = dt.timedelta(days=1)


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, scheduler: subprocess.Popen[bytes], address: str, options: list[str]) -> None:
        self.scheduler = scheduler
        self.address = address
        self._options = options

    def options(self, address: str = "") -> list[str]:
        """Return what trustpack needs to reach it, by another address if one is given."""
        return ["--scheduler", address or self.address, *self._options]


def certificates(folder: Path) -> list[str]:
    """Write a CA's certificate, and one that it issued to a node of a cluster; return Dask's options."""
    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    ca = create("Cluster CA", now=now)
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]  # each node is both
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    parts = {"ca-file": ca.pem, "cert": made.public_bytes(serialization.Encoding.PEM), "key": private}
    for name, data in parts.items():
        (folder / f"{name}.pem").write_bytes(data)
    return [word for name in parts for word in (f"--tls-{name}", str(folder / f"{name}.pem"))]


@contextmanager
def cluster(folder: Path, *, workers: int = 2) -> Iterator[Cluster]:
    """Start a scheduler and workers on loopback; all of them end with the test."""
    options = certificates(folder / "certificates")
    named = folder / "scheduler.json"
    with ExitStack() as stack:
        # Nothing is to be looked up by HTTP, and nobody is to look.
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(named)]
        scheduler = stack.enter_context(_program(folder, "scheduler", *words, *options))
        address = _address(scheduler, named)
        for number in range(workers):
            own = folder / f"worker-{number}"
            words = [address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]
            stack.enter_context(_program(own, "worker", *words, "--local-directory", str(own), *options))
        yield Cluster(scheduler, address, options)


@contextmanager
def _program(folder: Path, name: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            [_DASK, name, *options], stdout=log, stderr=log, cwd=folder, env=runs.clean()
        )
    try:
        yield started
    finally:
        for pid in (*runs.descendants(started.pid), started.pid):
            runs.send(pid, signal.SIGKILL)
        started.wait()


def _address(scheduler: subprocess.Popen[bytes], named: Path) -> str:
    found: list[str] = []

    def told() -> bool:
        assert scheduler.poll() is None, "the scheduler has ended"
        with suppress(OSError, ValueError):
            found.append(json.loads(named.read_text("utf-8"))["address"])
        return bool(found)

    runs.wait_until(told)
    return found[0]


class Wire:
    """A TCP port of ours that leads to another, until it is cut."""

    def __init__(self, to: str) -> None:
        self._to = to
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"tls://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and let nobody in any more."""
        for end in (self._listening, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        host, _, port = self._to.removeprefix("tls://").partition(":")
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection((host, int(port)))
                self._ends += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
