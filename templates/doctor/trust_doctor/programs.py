"""The few programs that the doctor starts: the system's own, by fixed paths, with an emptied environment."""

import os
import stat
import subprocess
import threading

LIMIT = 8 << 20  # bytes of output
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/nonexistent"}
_WINDOWS = ("SystemRoot", "SystemDrive", "windir")  # without which no program of Windows starts


def is_the_systems(path):
    """Tell whether nobody but root can change a program, or any folder on the way to it."""
    if os.name == "nt":
        folder = os.environ.get("SystemRoot", "C:\\Windows")  # noqa: SIM112  its own spelling
        return os.path.normcase(path).startswith(os.path.normcase(folder) + os.sep)
    if not path.startswith("/"):
        return False
    here = os.path.realpath(path)
    for start in (path, here):
        step = start
        while True:
            try:
                about = os.lstat(step)
            except OSError:
                return False
            loose = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not stat.S_ISLNK(about.st_mode)
            if about.st_uid != 0 or loose:
                return False
            if step == "/":
                break
            step = os.path.dirname(step)
    return os.path.isfile(here)


def output(argv, seconds):
    """Return what a program prints, None where it fails, takes too long or prints too much."""
    environment = dict(_ENVIRONMENT)
    if os.name == "nt":
        environment = {name: os.environ[name] for name in _WINDOWS if name in os.environ}
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.path.abspath(os.sep),
            close_fds=True,
            start_new_session=os.name != "nt",
        )
    except OSError:
        return None
    parts = []
    reader = threading.Thread(target=_read, args=(process.stdout, parts))
    reader.daemon = True
    reader.start()
    reader.join(seconds)
    too_late = reader.is_alive() or sum(map(len, parts)) > LIMIT
    if too_late:
        _end(process)
        reader.join(1)
    try:
        code = process.wait(5)
    except subprocess.TimeoutExpired:
        _end(process)
        return None
    if not reader.is_alive():
        process.stdout.close()
    return b"".join(parts) if code == 0 and not too_late else None


def _read(stream, parts):
    size = 0
    while size <= LIMIT:
        part = stream.read(1 << 16)
        if not part:
            return
        parts.append(part)
        size += len(part)


def _end(process):
    """End a program, and what it has started."""
    try:
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, 9)
    except OSError:
        pass
