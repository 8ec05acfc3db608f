"""A sandbox to prove packages in: a throw-away copy of an unpacked system that clients run in.

The copy is an overlay over the system's folder, its upper layer in memory, in mount and process namespaces of
its own: nothing in it outlives the sandbox, not even when trustpack is killed. The network is the host's, so
that a server on 127.0.0.1 is reached from inside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from builder.errors import ProofError, ToolError
from builder.release import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ENVIRONMENT = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8"}
# Without ::1: the proof's servers listen on 127.0.0.1, and some clients try one address only.
_HOSTS = b"127.0.0.1 localhost\n"
_UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_PROGRAMS = ("unshare", "nsenter", "mount", "chroot", "env")

# $1: the system's folder, $2: an empty folder to mount everything on. The bind mount lets the folder's name
# hold the commas and colons that end an overlay option. The shell ends in `cat`, the first process of its
# namespace: when its input closes, the kernel ends every process and mount of the sandbox.
_HOLD = """
set -eu
mount -t tmpfs -o mode=0755 trustpack "$2"
cd "$2"
mkdir lower upper work root
mount --bind "$1" lower
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work trustpack root
mount -t proc proc root/proc
mount --rbind /dev root/dev
echo ready
exec cat
"""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended: its exit code, and all it printed."""

    code: int
    out: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An open sandbox; see open_sandbox."""

    root: Path
    _enter: tuple[str, ...]

    def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        environment: Mapping[str, str] | None = None,
        seconds: float = 300,
    ) -> Result:
        """Run `command` inside, with a plain root login's environment and what `environment` adds to it.

        Raises ProofError when the command takes longer than `seconds`, or fails and `check` is true.
        """
        done = self._run(command, environment or {}, b"", seconds, stderr=subprocess.STDOUT)
        result = Result(done.returncode, done.stdout.decode("utf-8", "replace"))
        if check and result.code != 0:
            raise ProofError(f"{' '.join(command)}: failed with {result.code} in {self.root}:\n{result.out}")
        return result

    def words(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> list[str]:
        """Return what starts `command` inside from outside, for who minds its pipes himself; see run."""
        variables = [f"{key}={value}" for key, value in {**_ENVIRONMENT, **(environment or {})}.items()]
        return [*self._enter, "env", "-i", *variables, *command]

    def copy_in(self, path: str, data: bytes, *, mode: int = 0o644) -> None:
        """Write a file inside, and the folders it lies in."""
        script = 'mkdir -p "${1%/*}" && cat >"$1" && chmod "$2" "$1"'
        self._checked(["sh", "-c", script, "sh", path, f"{mode:o}"], data)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file inside; links are followed as a process inside would follow them."""
        return self._checked(["cat", "--", path])

    def archive(self, paths: Sequence[str]) -> bytes:
        """Return an uncompressed tar of those absolute `paths` that exist."""
        script = 'for p; do [ ! -e "$p" ] || echo ".$p"; done | tar -C / -cf - --files-from=-'
        return self._checked(["sh", "-c", script, "sh", *paths])

    def _checked(self, command: Sequence[str], data: bytes = b"") -> bytes:
        done = self._run(command, {}, data, 60, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise ProofError(f"{' '.join(command)}: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout

    def _run(
        self, command: Sequence[str], more: Mapping[str, str], data: bytes, seconds: float, *, stderr: int
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self.words(command, more),
                input=data,
                stdout=subprocess.PIPE,
                stderr=stderr,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ProofError(f"{' '.join(command)}: took longer than {seconds:g} s in {self.root}") from error


@contextlib.contextmanager
def open_sandbox(root: Path) -> Iterator[Sandbox]:
    """Open a sandbox over the system unpacked in `root`; on leaving, everything done in it is gone.

    Raises ToolError where this machine cannot make one, ProofError if `root` holds no system.
    """
    _expect_ability()
    if not os.path.lexists(root / "bin/sh"):
        raise ProofError(f"{root}: holds no unpacked system: there is no bin/sh")
    # Only ever an empty folder here: what is mounted on it, the sandbox alone sees.
    with scratch.folder("sandbox", remove=os.rmdir) as folder:
        yield from _opened(root, str(folder))


def _opened(root: Path, folder: str) -> Iterator[Sandbox]:
    holder = subprocess.Popen(
        [*_UNSHARE, "sh", "-c", _HOLD, "sh", root.resolve(), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield _enter(root, holder, folder)
    finally:
        _end(holder)


def _enter(root: Path, holder: subprocess.Popen[bytes], folder: str) -> Sandbox:
    """Wait until the sandbox stands, and prepare what every system needs."""
    if cast("IO[bytes]", holder.stdout).readline() != b"ready\n":
        reason = cast("IO[bytes]", holder.stderr).read().decode("utf-8", "replace").strip()
        raise ToolError(
            f"{root}: cannot be overlaid: {reason}",
            hint="a container needs the right to mount: run it privileged, or on the host",
        )
    namespaces = f"/proc/{holder.pid}/ns"
    # The process namespace is the one of unshare's child, the sandbox's first process.
    enter = ("nsenter", f"--mount={namespaces}/mnt", f"--pid={namespaces}/pid_for_children")
    sandbox = Sandbox(root, (*enter, _program("chroot"), f"{folder}/root"))
    sandbox.copy_in("/etc/hosts", _HOSTS)
    return sandbox


def _end(holder: subprocess.Popen[bytes]) -> None:
    """End the sandbox's first process, and with it all others."""
    for stream in (holder.stdin, holder.stdout, holder.stderr):
        if stream:
            stream.close()
    try:
        holder.wait(10)
    except subprocess.TimeoutExpired:
        holder.kill()
        holder.wait()


def _expect_ability() -> None:
    if os.geteuid() != 0:
        raise ToolError("this proof needs root, to mount a copy of a system", hint="run it with sudo")
    for program in _PROGRAMS:
        _program(program)


def _program(name: str) -> str:
    """Return the path of a program; PATH may lack root's own folders, as in cron's jobs and after `su`."""
    found = shutil.which(name) or shutil.which(name, path=_PATH)
    if found is None:
        raise ToolError(f"{name}: the program is not installed", hint="apt install util-linux mount")
    return found
