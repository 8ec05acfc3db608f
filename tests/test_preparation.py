"""The preparation of Debian systems may be killed: real mmdebstrap and apt, a small archive on loopback."""

import fcntl
import hashlib
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.removal import mounts, remove
from tests.tools import ignoring_interrupts, require, require_mounts

_ROOT = Path(__file__).parents[1]
_SECONDS = 60
_SIZE = 300_000
_PACKAGES = ("first", "second")
_CONTROL = """\
Package: {name}
Version: 1
Architecture: all
Maintainer: Acme <acme@example.com>
Description: a large file, and folders to mount on
"""
# Nothing is configured, and a system takes a second.
_WORDS = ("--variant=extract", "--mode=root", "--format=directory", f"--include={','.join(_PACKAGES)}")
# Stops while everything is mounted, but only the first time.
_STOP = """--extract-hook=cd "$1/.."
    [ -e mounted ] || { cp /proc/self/mountinfo new && mv new mounted && sleep 60; }"""
_DEBIAN = (sys.executable, "-m", "tests.roots", "bookworm")
_MAKE = """
import sys
from pathlib import Path
from tests import roots
roots.make(Path(sys.argv[1]), "", sys.argv[2:])
"""
# $1 is mounted on $2, for the rest of the words alone.
_WITH_A_MOUNT = ("unshare", "--mount", "sh", "-euc", 'mount --bind "$1" "$2"; shift 2; exec "$@"', "sh")


class Archive(http.server.ThreadingHTTPServer):
    """Packages for apt: it notes what is asked for, and halts in the middle of a file while it is told to."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.halts_in = ""
        self.goes_on = threading.Event()

    @property
    def line(self) -> str:
        """Return the archive as sources.list has it."""
        return f"deb [trusted=yes] http://127.0.0.1:{self.server_port}/ ./"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: apt was killed."""


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Archive

    def do_GET(self) -> None:
        name, span = self.path.rsplit("/", 1)[1], self.headers["Range"]
        data = self.server.files.get(name)
        if data is None:
            self.send_error(404)
            return
        self.server.asked.append((name, span))
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span else 0
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Last-Modified", "Tue, 24 Nov 2026 12:00:00 GMT")
        self.end_headers()
        half = max(start, len(data) // 2)
        self.wfile.write(data[start:half])
        if name == self.server.halts_in:
            self.server.goes_on.wait(_SECONDS)
        self.wfile.write(data[half:])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Build two packages, and the index of an archive of them."""
    require("mmdebstrap")
    folder, index, found = tmp_path_factory.mktemp("packages"), "", {}
    for name in _PACKAGES:
        control = _CONTROL.format(name=name)
        for made in ("DEBIAN", "proc", "sys"):
            (folder / name / made).mkdir(parents=True)
        (folder / name / "DEBIAN" / "control").write_text(control)
        (folder / name / name).write_bytes(os.urandom(_SIZE))
        command = ["dpkg-deb", "--build", str(folder / name), f"{folder}/{name}.deb"]
        subprocess.run(command, check=True, capture_output=True)
        data = (folder / f"{name}.deb").read_bytes()
        found[f"{name}.deb"] = data
        index += f"{control}Filename: ./{name}.deb\nSize: {len(data)}\n"
        index += f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n"
    return found | {"Packages": index.encode()}


@pytest.fixture
def archive(files: dict[str, bytes], tmp_path: Path) -> Iterator[Archive]:
    """Serve the packages on loopback."""
    require_mounts()
    with Archive(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.goes_on.set()
        server.shutdown()
        thread.join()
    # pytest removes this folder later, and does not look whether something is mounted there.
    for point in reversed(mounts(tmp_path)):
        subprocess.run(["umount", "--lazy", point], check=True)


def maker(home: Path, *words: str) -> list[str | Path]:
    """Return the command that makes a small system."""
    return [sys.executable, "-c", _MAKE, home, *_WORDS, *words]


def make(home: Path, *words: str) -> list[str]:
    """Make a small system; return what was said."""
    done = subprocess.run(maker(home, *words), cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def kill(
    command: Sequence[str | Path],
    folder: Path,
    when: Callable[[], bool],
    *,
    number: int = signal.SIGKILL,
    seconds: float = _SECONDS,
) -> int:
    """End a program that makes a system in a folder when something is true, and return how it ended.

    Its lock is free as soon as nothing that it started runs any more.
    """
    environment = os.environ | {"TRUSTPACK_ROOTS": str(folder)}
    with subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.DEVNULL, env=environment) as process:
        try:
            until(when, seconds)
        finally:
            process.send_signal(number)
    with next(folder.glob("*.lock")).open() as lock:
        until(lambda: free(lock.fileno()))
    return process.returncode


def until(condition: Callable[[], bool], seconds: float = _SECONDS) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def free(lock: int) -> bool:
    """Return whether no process holds a lock."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def size(file: Path) -> int:
    """Return the size of a file; 0 where there is none."""
    return file.stat().st_size if file.exists() else 0


def test_a_killed_download_goes_on_where_it_stopped(archive: Archive, tmp_path: Path) -> None:
    """What is there is not asked for again, not even the half of a file."""
    home, half = tmp_path / "system", len(archive.files["second.deb"]) // 2
    partial = home.with_suffix(".downloads") / "partial" / "second_1_all.deb"
    archive.halts_in = "second.deb"
    kill(maker(home, archive.line), tmp_path, lambda: size(partial) == half)
    archive.halts_in = ""
    said = make(home, archive.line)
    packages = [(name, span) for name, span in archive.asked if name.endswith(".deb")]
    assert packages == [("first.deb", None), ("second.deb", None), ("second.deb", f"bytes={half}-")]
    assert said == [
        "system: half made by a run that was ended: removed, and made anew",
        f"system: made once, in a minute or two; what mmdebstrap says is in {tmp_path}/system.log",
    ]
    assert [_SIZE, _SIZE] == [size(home / name) for name in _PACKAGES]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["system", "system.lock", "system.log"]


def test_a_killed_preparation_leaves_nothing_mounted(archive: Archive, tmp_path: Path) -> None:
    """Its mounts are its own, and end with it."""
    home = tmp_path / "system"
    kill(maker(home, _STOP, archive.line), tmp_path, (tmp_path / "mounted").exists)
    unfinished = home.with_suffix(".unfinished")
    mounted = {line.split(" ")[4] for line in (tmp_path / "mounted").read_text().splitlines()}
    assert mounted >= {f"{unfinished}/{name}" for name in ("proc", "sys", "var/cache/apt/archives")}
    assert mounts(tmp_path) == []
    assert make(home, _STOP, archive.line)[0].startswith("system: half made")
    assert size(home / "first") == _SIZE


def test_a_system_that_is_there_is_not_made_again(archive: Archive, tmp_path: Path) -> None:
    """Nothing is said and nothing is asked for."""
    make(tmp_path / "system", archive.line)
    archive.asked.clear()
    assert (make(tmp_path / "system", archive.line), archive.asked) == ([], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_preparation_ends_at_once_when_it_is_told_to(tmp_path: Path, number: int) -> None:
    """Ctrl-C is obeyed while mmdebstrap runs, also by what was started in the background."""
    require_mounts()
    require("mmdebstrap")
    with ignoring_interrupts():
        ended = kill(_DEBIAN, tmp_path, lambda: any(map(size, tmp_path.glob("*.log"))), number=number)
    assert -number == ended


@pytest.mark.long
def test_a_debian_system_killed_half_way_is_made_anew(tmp_path: Path) -> None:
    """From Debian's own archive, killed while packages are installed."""
    require_mounts()
    require("mmdebstrap")
    step = "installing remaining packages"
    kill(
        _DEBIAN, tmp_path, lambda: any(step in log.read_text() for log in tmp_path.glob("*.log")), seconds=600
    )
    assert mounts(tmp_path) == []
    environment = os.environ | {"TRUSTPACK_ROOTS": str(tmp_path)}
    done = subprocess.run(_DEBIAN, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "half made" in done.stderr) == (0, True), done.stderr
    [made] = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert ((made / "usr/bin/curl").exists(), [*(made / "proc").iterdir()]) == (True, [])


def test_a_failure_is_told_with_mmdebstraps_words(tmp_path: Path) -> None:
    """An archive that is not there is one."""
    require_mounts()
    require("mmdebstrap")
    line = "deb [trusted=yes] file:/does/not/exist ./"
    done = subprocess.run(
        maker(tmp_path / "system", line), cwd=_ROOT, capture_output=True, text=True, check=False
    )
    said = done.stderr.partition("tests.roots.PreparationError: system: mmdebstrap failed:\n")[2]
    assert (done.returncode, "/does/not/exist" in said, (tmp_path / "system").exists()) == (1, True, False)


def test_nothing_is_removed_across_a_mount(tmp_path: Path) -> None:
    """Whatever is mounted in a half-made system stays as it is, and the way out is said."""
    require_mounts()
    home, precious = tmp_path / "system", tmp_path / "with blank"
    left = home.with_suffix(".unfinished") / "with blank"
    for folder in (left, precious):
        folder.mkdir(parents=True)
    (precious / "file").touch()
    done = subprocess.run(
        [require(_WITH_A_MOUNT[0]), *_WITH_A_MOUNT[1:], precious, left, *maker(home)],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[-2:]) == (
        1,
        [
            f"tests.removal.RemovalError: {left.parent}: cannot be removed: {left} is mounted in it",
            f"hint: umount '{left}'",
        ],
    )
    assert ((precious / "file").exists(), left.exists(), home.exists()) == (True, True, False)


def test_links_out_of_a_removed_folder_are_not_followed(tmp_path: Path) -> None:
    """Only what lies in the folder is removed, and a folder that is gone is no error."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "removed" / "below").mkdir(parents=True)
    (tmp_path / "removed" / "below" / "link").symlink_to(tmp_path / "kept")
    remove(tmp_path / "removed")
    remove(tmp_path / "removed")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
