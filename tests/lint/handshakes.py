"""Real TLS handshakes by real runtimes: which of them accept a server under a root."""

from __future__ import annotations

import contextlib
import io
import re
import selectors
import socket
import ssl
import subprocess
import tarfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.prove.handshake import ABOUT_CERTIFICATE
from tests.lint import forge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from builder.prove.sandbox import Sandbox
    from tests.lint.builds import Build
    from tests.lint.defects import Defect

_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntrusted\n"
_INSIDE = "/opt/handshakes"
_SECONDS = 600
_CRASHED = frozenset({134, 139})  # as a shell tells of an abort and of a segmentation fault
# What clients say of a certificate, beside what `prove` knows: a key or a signature they do not take.
_CLIENTS_WORDS = re.compile(
    r"(?i:cannot be parsed|critical extension|purpose|subtree|too small|asn1|DER-encoded|exponent|modulus)"
    r"|(rsa|elliptic curve|digital envelope|DECODER|Provider) routines::"
)


@dataclass(frozen=True)
class Trial:
    """Servers under roots: the folder of the roots' files, and a line for clients about each."""

    folder: Path
    lines: Mapping[str, str]


@contextlib.contextmanager
def trial(roots: Mapping[str, Defect], folder: Path) -> Iterator[Trial]:
    """Serve under each root on a port of its own while the block runs."""
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        lines = {}
        for name, root in roots.items():
            file = f"{name.replace('/', '+')}.pem"
            (folder / file).write_bytes(forge.pem(root.certificate))
            context = _context(folder / "server", root.chain)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
            selector.register(listener, selectors.EVENT_READ, context)
            lines[name] = f"{name}\t{file}\t{listener.getsockname()[1]}\n"
        ended = threading.Event()
        server = threading.Thread(target=_serve, args=(selector, ended), daemon=True)
        server.start()
        try:
            yield Trial(folder, lines)
        finally:
            ended.set()
            server.join()


def _context(file: Path, chain: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Clients are to judge what this server's own OpenSSL would not send.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    file.write_bytes(chain + forge.elliptic(1001).encoded(pem=True))
    context.load_cert_chain(file)
    return context


def _serve(selector: selectors.BaseSelector, ended: threading.Event) -> None:
    while not ended.is_set():
        for ready, _ in selector.select(0.1):
            assert isinstance(ready.fileobj, socket.socket)
            connection, _ = ready.fileobj.accept()
            threading.Thread(target=_answer, args=(connection, ready.data), daemon=True).start()


def _answer(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.settimeout(10)
    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
        if secured.recv(4096):
            secured.sendall(_REPLY)
        with contextlib.suppress(OSError):
            secured.unwrap()


def verdicts(build: Build, tried: Trial) -> dict[str, bool | None]:
    """Return for each root whether the build accepts a server under it; None where it said nothing of it.

    Where a root makes the runtime crash, that is its answer, and a new process goes on behind it.
    """
    answers: dict[str, bool | None] = {}
    with contextlib.ExitStack() as stack:
        sandbox = _sandbox(build, tried, stack)
        while len(answers) < len(tried.lines):
            rest = {name: line for name, line in tried.lines.items() if name not in answers}
            answers |= _answers(build, rest, tried.folder, sandbox)
    return answers


def _sandbox(build: Build, tried: Trial, stack: contextlib.ExitStack) -> Sandbox | None:
    if build.root is None:
        return None
    from builder.prove.sandbox import open_sandbox

    sandbox = stack.enter_context(open_sandbox(build.root))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(tried.folder, "roots")
        archive.add(build.client, build.client.name)
    sandbox.copy_in(f"{_INSIDE}/all.tar", packed.getvalue())
    sandbox.run(["tar", "-xf", f"{_INSIDE}/all.tar", "-C", _INSIDE])
    return sandbox


def _answers(
    build: Build, lines: Mapping[str, str], folder: Path, sandbox: Sandbox | None
) -> dict[str, bool | None]:
    """Return the answers of one process; where it crashed, its last one is a refusal."""
    text = "".join(lines.values())
    code, out = _run_inside(build, text, sandbox) if sandbox else _run(build, text, folder)
    rows = [line.split("\t") for line in out.splitlines() if line.count("\t") == 2]
    answers = {name: _judged(verdict, why) for name, verdict, why in rows if name in lines}
    if len(answers) < len(lines):
        crashed = next(name for name in lines if name not in answers)
        assert code < 0 or code in _CRASHED, f"{build.runtime}, {crashed}: exit code {code}: {out[-500:]}"
        answers[crashed] = False
    return answers


def _judged(verdict: str, why: str) -> bool | None:
    if verdict == "ok":
        return True
    return False if ABOUT_CERTIFICATE.search(why) or _CLIENTS_WORDS.search(why) else None


def _run(build: Build, text: str, folder: Path) -> tuple[int, str]:
    # Nothing of this environment reaches a client.
    done = subprocess.run(
        ["env", "-i", f"HOME={folder}", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", *build.command, build.client],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout


def _run_inside(build: Build, text: str, sandbox: Sandbox) -> tuple[int, str]:
    sandbox.copy_in(f"{_INSIDE}/lines", text.encode())
    script = f'cd {_INSIDE}/roots && exec "$@" <{_INSIDE}/lines 2>/dev/null'
    command = ["sh", "-c", script, "sh", *build.command, f"{_INSIDE}/{build.client.name}"]
    result = sandbox.run(command, check=False, seconds=_SECONDS)
    return result.code, result.out
