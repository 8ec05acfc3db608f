"""One bounded walk over a machine's folders, for all probes: hits by name, no folder behind a link."""

import os

from trust_doctor import files

_BASES = ("/usr", "/opt", "/etc", "/srv", "/snap", "/var/snap", "/var/lib", "/app", "/nix/var/nix/profiles",
          "/Library", "/Applications")  # fmt: skip
# Nothing here is anybody's store, and much of it is large.
_PASSED_OVER = frozenset(
    "proc sys dev .git .hg .svn __pycache__ overlay2 overlay vfs .snapshots .Trash .cargo-registry "
    "lost+found doc man locale zoneinfo icons fonts info help dkms modules firmware "
    ".npm _cacache .terraform .gradle-cache mail spool".split()
)
_LIBRARIES = frozenset(("site-packages", "dist-packages"))
_BELOW_LIBRARIES = 4  # pip/_vendor/certifi/cacert.pem, grpc/_cython/_credentials/roots.pem
_FOLDERS, _HITS = 300000, 20000  # of the system's places
_FOLDERS_OF_HOME, _HITS_OF_HOME = 60000, 5000  # of each home, so that none takes from another, or the system


class _Walk:
    """What one walk has left: folders, hits, and the names that are wanted."""

    def __init__(self, host, folders, hits):
        self.host = host
        self.wanted = host.wanted
        self.folders = folders
        self.hits = hits


def walk(host):
    """Fill `host.found`: for each wanted name, the paths where a file or a folder is called so."""
    if not host.wanted or not files.HAS_AT:
        return
    state = _Walk(host, _FOLDERS, _HITS)
    homes = sorted({home for _, home in host.homes if home != "/"})
    bases = [base for base in _BASES if host.kind(base) == "dir"]
    for base in bases:
        _below(state, base, state.folders, host.clock.seconds * 0.5, set(homes) | set(bases) - {base})
    share = host.clock.seconds * 0.3 / (len(homes) or 1)
    for home in homes:
        until = min(host.clock.passed() + max(share, 2), host.clock.seconds * 0.8)
        of_home = _Walk(host, _FOLDERS_OF_HOME, _HITS_OF_HOME)
        _below(of_home, home, of_home.folders, until, set(homes) - {home})
    for paths in host.found.values():
        paths.sort()


def _below(state, base, most, until, others):  # noqa: C901  a recursion, written as a loop
    """Walk the folders below one; say where not all of them could be looked at."""
    host = state.host
    until = min(until, host.clock.seconds)
    left = most
    try:
        stack = [[base, host.files.folder(base), None, 99]]
    except OSError as error:
        _refused(state, base, error)
        return
    try:
        while stack:
            frame = stack[-1]
            if frame[2] is None:
                frame[2], left = _look(state, frame, left), left - 1
                if left <= 0 or state.hits <= 0:
                    host.note(base, "has more than the doctor looks at: not all of it was looked at")
                    return
                if host.clock.passed() > until:
                    host.note(base, "took too long: not all of it was looked at")
                    return
            if not frame[2]:
                os.close(stack.pop()[1])
                continue
            name = frame[2].pop()
            path = frame[0] + "/" + name
            if path in others or path in host.files.skipped:
                continue
            depth = min(frame[3] - 1, _BELOW_LIBRARIES) if name in _LIBRARIES else frame[3] - 1
            if depth < 0:
                continue
            if len(stack) >= files.DEPTH:
                host.note(path, "lies too deep")
                continue
            try:
                stack.append([path, _enter(host, name, frame[1]), None, depth])
            except OSError as error:
                _refused(state, path, error)
    finally:
        for frame in stack:
            os.close(frame[1])
        state.folders -= most - left


def _enter(host, name, parent):
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, dir_fd=parent)
    if host.files.device is not None and os.fstat(descriptor).st_dev != host.files.device:
        os.close(descriptor)
        raise files.Refused("lies on another file system, of which nobody says what it is")
    return descriptor


def _look(state, frame, _left):
    """Return the folders in a folder that are to be entered, and remember what is wanted."""
    path, descriptor = frame[0], frame[1]
    folders = []
    count = 0
    host = state.host
    try:
        for entry in files.scan(descriptor, path):
            count += 1
            name, is_folder = _kind(entry, descriptor)
            if name in state.wanted and state.hits > 0:
                state.hits -= 1
                host.found[name].append(path + "/" + name)
            if is_folder and name not in _PASSED_OVER:
                folders.append(name)
            if count > files.ENTRIES * 10 or len(folders) > files.ENTRIES:
                host.note(path, "has more entries than the doctor looks at")
                break
    except OSError as error:
        _refused(state, path, error)
    folders.sort(reverse=True)
    return folders


def _kind(entry, descriptor):
    if not isinstance(entry, str):
        return entry.name, entry.is_dir(follow_symlinks=False)
    try:
        about = os.stat(entry, dir_fd=descriptor, follow_symlinks=False)
    except OSError:
        return entry, False
    return entry, (about.st_mode & 0o170000) == 0o040000


def _refused(state, path, error):
    """Note a folder that cannot be entered; of other people's an ordinary user hears nothing."""
    denied = isinstance(error, PermissionError) and not isinstance(error, files.Refused)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) or (denied and state.host.uid != 0):
        return
    state.host.note(path, error)
