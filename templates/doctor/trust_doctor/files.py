"""Files of a machine whose users may be hostile: opened component by component, bounded, never waited for.

Every path is absolute and of the host; `root` stands before all of them. A link is resolved here, not by the
system: inside the root, and out of a user's home never, where the doctor may read more than that user.
"""

import errno
import os
import stat
import time

LIMIT = 8 << 20  # bytes of one file
ENTRIES = 20000  # of one folder
LINKS = 40  # on the way to one file, as the kernel has it
DEPTH = 60
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_QUIET = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | _QUIET | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
# A folder that is only passed through need not be readable.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _QUIET
HAS_AT = os.open in os.supports_dir_fd and os.readlink in os.supports_dir_fd


class Refused(OSError):  # noqa: N818  no error, but the doctor's own decision
    """What is there is not read, for a reason of the doctor's own."""

    def __init__(self, why):
        OSError.__init__(self, errno.EPERM, why)


class Files:
    """The files below one root; no link leads out of the `homes`, nothing is read on `skipped` mounts."""

    def __init__(self, root="/", homes=(), skipped=(), device=None):
        self.root = os.path.abspath(root)
        self.homes = list(homes)
        self.skipped = frozenset(skipped)
        self.device = device  # the only one to be on, where nobody says what is mounted

    def real(self, path):
        """Return where the system has a path of the host."""
        return path if self.root == os.sep else self.root + path

    def read(self, path, limit=LIMIT):
        """Return a file's bytes; raise OSError where it cannot be read, or should not."""
        descriptor = self._opened(path)
        try:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise Refused("is no file")
            if about.st_size > limit:
                raise Refused("is larger than {} bytes".format(limit))
            return _all(descriptor, limit)
        finally:
            os.close(descriptor)

    def listdir(self, path):
        """Return the sorted names in a folder; raise OSError, also where there are too many."""
        descriptor = self.folder(path)
        try:
            names = []
            for entry in scan(descriptor, self.real(path)):
                names.append(entry if isinstance(entry, str) else entry.name)
                if len(names) > ENTRIES:
                    raise Refused("has more than {} entries".format(ENTRIES))
            return sorted(names)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def kind(self, path):
        """Return 'file', 'dir', 'other' or '' for what is at a path, or behind the links there.

        What is not looked at is something else: reading it says why.
        """
        try:
            parent, name, _ = self.resolve(path)
        except Refused:
            return "other"
        except OSError:
            return ""
        try:
            mode = _stat(name, parent).st_mode
        except OSError:
            return ""
        finally:
            _close(parent)
        return "file" if stat.S_ISREG(mode) else "dir" if stat.S_ISDIR(mode) else "other"

    def owner(self, path):
        """Return the number of the user whom a path belongs to, itself rather than what it links to."""
        above, _, name = path.rstrip("/").rpartition("/")
        try:
            parent, last, _ = self.resolve(above + "/")
        except OSError:
            return None
        try:
            if parent is None:
                return None
            return os.stat(last + "/" + name, dir_fd=parent, follow_symlinks=False).st_uid
        except (OSError, ValueError):
            return None
        finally:
            _close(parent)

    def where(self, path):
        """Return the path that links lead to, the path itself where there are none or they lead nowhere."""
        try:
            parent, _, found = self.resolve(path)
        except OSError:
            return path
        _close(parent)
        return found

    def folder(self, path):
        """Return a descriptor of a folder, open for reading; None where this system has none of folders."""
        parent, name, found = self.resolve(path)
        if not HAS_AT:
            return None
        try:
            descriptor = os.open(name, _FOLDER | _QUIET, dir_fd=parent)
        finally:
            _close(parent)
        try:
            self._stay(descriptor, found)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def _opened(self, path):
        parent, name, _ = self.resolve(path)
        try:
            # Opening a device can do something, and so what it is comes first.
            if not stat.S_ISREG(_stat(name, parent).st_mode):
                raise Refused("is no file")
            if HAS_AT:
                return os.open(name, _FILE, dir_fd=parent)
            return os.open(name, _FILE)
        finally:
            _close(parent)

    def resolve(self, path):  # noqa: C901, PLR0912  one loop over what one walk may meet
        """Return (the parent's descriptor, the last name, the path of the host without links).

        Without descriptors of folders (Windows) the name is a whole path.
        """
        if not HAS_AT:
            return None, self.real(path), path
        wanted = [each for each in path.split("/") if each not in ("", ".")][::-1]
        if len(wanted) > DEPTH * 2:
            raise Refused("lies too deep")
        links, done, stack, home = 0, [], [os.open(self.root, _PASS & ~getattr(os, "O_NOFOLLOW", 0))], None
        try:
            while wanted:
                name = wanted.pop()
                if name == "..":
                    if done:
                        done.pop()
                        os.close(stack.pop())
                    continue
                here = "/" + "/".join([*done, name])
                self._enter(here, home)
                about = os.stat(name, dir_fd=stack[-1], follow_symlinks=False)
                if stat.S_ISLNK(about.st_mode):
                    links += 1
                    if links > LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    home = home or self._keeper(here, about)
                    target = os.readlink(name, dir_fd=stack[-1])
                    if target.startswith("/"):
                        done = []
                        while len(stack) > 1:
                            os.close(stack.pop())
                    wanted += [each for each in target.split("/") if each not in ("", ".")][::-1]
                    if len(wanted) > DEPTH * 4:
                        raise Refused("lies too deep")
                    continue
                if not wanted:
                    return stack.pop(), name, here
                stack.append(os.open(name, _PASS, dir_fd=stack[-1]))
                done.append(name)
                self._stay(stack[-1], here)
            return os.dup(stack[-1]), ".", "/" + "/".join(done)
        finally:
            for descriptor in stack:
                os.close(descriptor)

    def _keeper(self, link, about):
        """Return the folder that a link may not lead out of, None for one that may lead anywhere.

        The doctor obeys its own user's links, and those that root has made outside of homes.
        """
        me = os.geteuid()
        if me and about.st_uid in (me, 0):
            return None
        inside = [home for home in self.homes if link.startswith(home.rstrip("/") + "/")]
        if inside:
            return max(inside, key=len)
        if about.st_uid not in (0, me):
            raise Refused("is behind a link that is neither root's nor one's own")
        return None

    def _enter(self, here, home):
        if home and not (here + "/").startswith(home.rstrip("/") + "/") and not _above(here, home):
            raise Refused("is behind a link that leads out of the home")
        if here in self.skipped:
            raise Refused("lies on a network, FUSE or automatic mount")

    def _stay(self, descriptor, _here):
        if self.device is not None and os.fstat(descriptor).st_dev != self.device:
            raise Refused("lies on another file system, of which nobody says what it is")


def _above(here, home):
    return (home.rstrip("/") + "/").startswith(here.rstrip("/") + "/")


def _stat(name, parent):
    if parent is None:
        return os.stat(name)
    return os.stat(name, dir_fd=parent, follow_symlinks=False)


def _close(descriptor):
    if descriptor is not None:
        os.close(descriptor)


def _all(descriptor, limit):
    parts, left = [], limit + 1
    while left > 0:
        part = os.read(descriptor, min(left, 1 << 20))
        if not part:
            return b"".join(parts)
        parts.append(part)
        left -= len(part)
    raise Refused("is larger than {} bytes".format(limit))


def scan(descriptor, path):
    """Yield the entries of an open folder, or their names where this Python has no entries of one."""
    if descriptor is None:
        opened = os.scandir(path)
    elif os.scandir in os.supports_fd:
        opened = os.scandir(descriptor)
    else:  # Python 3.6
        for name in os.listdir(descriptor):
            yield name
        return
    with opened as entries:
        for entry in entries:
            yield entry


class Clock:
    """How long the doctor may still work; `monotonic` says how many seconds have passed."""

    def __init__(self, seconds, monotonic=time.monotonic):
        self.monotonic = monotonic
        self.began = monotonic()
        self.seconds = seconds

    def passed(self):
        """Return for how long it has worked."""
        return self.monotonic() - self.began

    def over(self):
        """Tell whether its time is over."""
        return self.passed() > self.seconds
