"""The machine as the probes see it: its files, users and folders, all bounded; what fails is noted here."""

import fnmatch
import hashlib
import os
import re
import sys

from trust_doctor import der, files, mounts, names, programs, stores, walk

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows", "cygwin": "windows"}
_NOTED = 500  # of what cannot be read
_USERS = 1000
_MATCHES = 5000
_TOOL_SECONDS = 20
_NOBODY = ("nologin", "false", "sync", "halt", "shutdown")
_CACHED = 400  # files whose certificates are kept; 50 environments have a few kinds of them
_EXPANSION = 64 << 20  # bytes of all certificates that are kept
_OF_USER = 32 << 20  # bytes of one user's files; of what was read before, an eighth counts
_NOTED_OF_USER = 50
_PEOPLE = 1000  # the first number of a user who is a person


class Host:
    """A machine, or a folder that holds one's files (`root`).

    `found` has, after the walk, the paths of each file or folder of a name that a probe WANTED.
    """

    def __init__(self, root="/", seconds=60, may_run=False, environ=None, system=None, wanted=()):
        self.root = root
        self.system = system or _SYSTEMS.get(sys.platform, "linux")
        self.is_here = os.path.abspath(root) == os.path.abspath(os.sep)
        self.uid = os.geteuid() if hasattr(os, "geteuid") else 1
        self.may_run = may_run and self.is_here and self.uid != 0
        self.environ = names.chosen(os.environ if environ is None else environ) if self.is_here else {}
        self.packages, self.organisation = {}, ""
        self.unreadable = []
        self.complete = True
        self.clock = files.Clock(seconds)
        self.known = {}  # what a probe has found out for all
        self.packages = {}  # by target, what the organisation calls its package
        self.ours = {}  # by fingerprint, the CAs that are to be trusted
        self.wanted = frozenset(wanted)
        self.found = {name: [] for name in self.wanted}
        self._certificates, self._kept = {}, 0
        self._used, self._noted, self._asking = {}, {}, ""
        self._names = {}  # of users, by number
        self.homes = []
        self._mounts()
        self.homes = list(self._homes())
        self.files.homes[:] = [home for _, home in self.homes if home != "/"]

    def look(self):
        """Walk the machine once, for all that the probes want."""
        walk.walk(self)

    # What is read.

    def read(self, path, limit=files.LIMIT):
        """Return a file's bytes; None where there is none, or, which is noted, none that can be read."""
        try:
            return self.files.read(path, limit)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            return None
        except (OSError, ValueError) as error:
            self.note(path, error)
            return None

    def text(self, path, limit=1 << 20):
        """Return a file's text, empty where there is none."""
        data = self.read(path, limit) or b""
        return data.decode("utf-8", "replace") if self.may_use(path, len(data)) else ""

    def exists(self, path):
        """Tell whether there is something at a path, behind the links on the way."""
        return bool(self.kind(path))

    def kind(self, path):
        """Return 'file', 'dir', 'other' or ''."""
        return self.files.kind(path)

    def where(self, path):
        """Return the path that a path's links lead to."""
        return self.files.where(path)

    def listdir(self, path):
        """Return the sorted names in a folder, none where there is no folder."""
        try:
            return self.files.listdir(path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            self.note(path, error)
            return []

    def glob(self, pattern):
        """Return the sorted paths that fit a pattern, whose * and ? stand for no slash."""
        found = [""]
        for step in pattern.split("/")[1:]:
            if re.search(r"[*?\[]", step):
                found = [
                    path + "/" + name
                    for path in found
                    for name in self.listdir(path or "/")
                    if fnmatch.fnmatchcase(name, step) and (step[0] == "." or name[0] != ".")
                ]
            else:
                found = [path + "/" + step for path in found]
            if len(found) > _MATCHES:
                self.note(pattern, "fits more than {} paths".format(_MATCHES))
                found = found[:_MATCHES]
        return [path for path in found if self.exists(path)]

    def certificates(self, path, pem_alone=False, plain=False):
        """Return the certificates in a file, or in a folder's files, as DER; None where none can be read.

        In a folder of OpenSSL's each counts once, whatever its links are called. `plain` as in `stores.read`.
        """
        if self.kind(path) == "dir":
            found = {}
            for name in self.listdir(path):
                if self.kind(path + "/" + name) == "file":
                    for each in self._of(path + "/" + name, pem_alone=pem_alone, plain=plain) or ():
                        found[each] = None
            return list(found)
        return self._of(path, says=True, pem_alone=pem_alone, plain=plain)

    def _of(self, path, says=False, pem_alone=False, plain=False):
        data = self.read(path)
        if data is None:
            return None
        if pem_alone and data[:1] == b"\x30":
            return []
        plain = plain and stores.TRUSTED in data
        key = hashlib.sha256(data).digest() + b"plain" * plain
        if not self.may_use(path, len(data) // 8 if key in self._certificates else len(data)):
            return None
        if key not in self._certificates:
            try:
                found = stores.read(data, plain)
            except stores.DamagedError as error:
                self.note(path, error)
                found = []
            size = sum(map(len, found or ()))
            if len(self._certificates) >= _CACHED or self._kept + size > _EXPANSION:
                self._certificates.clear()
                self._kept = 0
            self._certificates[key] = found
            self._kept += size
        found = self._certificates[key]
        if found is None and says:
            self.note(path, "is encrypted, or of a form that the doctor does not read")
        return found

    # What is started.

    def tool(self, argv):
        """Return the output of a program of the system's own, None where it is none, or fails."""
        if not self.is_here or not programs.is_the_systems(argv[0]):
            return None
        return programs.output(argv, _TOOL_SECONDS)

    def ask(self, argv):
        """Return the output of an interpreter of anybody's: by --run alone, never as root."""
        return programs.output(argv, _TOOL_SECONDS) if self.may_run and not self.clock.over() else None

    def blocks(self, certificates):
        """Return what is wrong where these are distrusted: which of the organisation's own are among them."""
        blocked = {digest(each) for each in certificates} & set(self.ours)
        return "distrusts " + "; ".join(sorted(self.ours[each] for each in blocked)) if blocked else ""

    # What is noted.

    def note(self, path, why, user=""):
        """Remember that something could not be read; the answer is not complete if it is the system's.

        What is in users' hands is listed alone: else each could make a host look as if it lacked all.
        """
        user = user or self._asking or self._owner(str(path))
        self.complete = self.complete and bool(user)
        if isinstance(why, OSError):
            why = str(why.args[1]) if len(why.args) > 1 else str(why)
        entry = {"path": str(path), "why": str(why)}
        most = _NOTED_OF_USER if user else _NOTED
        if self._noted.get(user, 0) < most and entry not in self.unreadable[-50:]:
            self._noted[user] = self._noted.get(user, 0) + 1
            self.unreadable.append(entry)

    def asked_by(self, user, read, path):
        """Return what `read` gives for a path that a user has named: what fails then is that user's."""
        before, self._asking = self._asking, user
        try:
            return read(path)
        finally:
            self._asking = before

    def may_use(self, path, size):
        """Tell whether so much of a user's file may be looked at, too; note it where there was too much."""
        user = self._asking or self.user_of(path)
        if not user:
            return True
        self._used[user] = self._used.get(user, 0) + size
        if self._used[user] <= _OF_USER:
            return True
        self.note(path, "was not looked at: this user has more files than the doctor reads", user)
        return False

    def _owner(self, path):
        """Return whose a path is: that of a home, or of a file that belongs to a person; empty for none."""
        if not path.startswith("/"):
            return ""
        return self.user_of(path) or self.person(self.files.owner(path))

    def some(self, paths, most):
        """Yield paths, of each user's and of the system's no more than so many; note it where there are."""
        seen = {}
        for path in paths:
            user = self.user_of(path)
            seen[user] = seen.get(user, 0) + 1
            if seen[user] <= most:
                yield path
            elif seen[user] == most + 1:
                self.note(path, "there are more than {} of these".format(most), user)

    def person(self, uid):
        """Return the name of a person by number; empty for root, and for the system's other users."""
        if uid is None or not (_PEOPLE <= uid < 65000 or uid >= 65536):
            return ""
        return self._names.get(uid) or str(uid)

    # Who is there.

    def _mounts(self):
        self.files = files.Files(self.root)
        if self.system != "linux":
            return
        try:
            with open("/proc/self/mountinfo", "rb") as file:
                text = file.read(files.LIMIT)
        except OSError:
            self.files.device = os.stat(self.root).st_dev
            return
        self.files.skipped = frozenset(mounts.unsafe(text, self.files.root))

    def _homes(self):
        """Yield (user, folder): everybody's for root, and in another machine's files; else one's own."""
        if self.system == "windows":
            own = os.environ.get("USERPROFILE") if self.is_here else None
            if own:
                yield os.environ.get("USERNAME", ""), own
            return
        users = self._users()
        if self.is_here and self.uid != 0:
            yield self._own(users)
            return
        seen = set()
        for user, uid, home, shell in users:
            is_person = uid == 0 or 1000 <= uid < 65000 or uid >= 65536
            served = shell.rsplit("/", 1)[-1] not in _NOBODY and home.count("/") > 1
            if (is_person or served) and home not in seen and len(home) > 1 and self.kind(home) == "dir":
                seen.add(home)
                yield user, home
        above = "/Users" if self.system == "darwin" else "/home"
        for name in self.listdir(above) if self.kind(above) == "dir" else ():
            if above + "/" + name not in seen and self.kind(above + "/" + name) == "dir":
                seen.add(above + "/" + name)
                yield name, above + "/" + name

    def _own(self, users):
        import pwd

        for user, uid, home, _ in users:
            if uid == self.uid:
                return user, home
        try:
            found = pwd.getpwuid(self.uid)
            return found.pw_name, found.pw_dir
        except KeyError:
            return str(self.uid), os.environ.get("HOME") or "/"

    def _users(self):
        found = []
        for line in self.text("/etc/passwd", 4 << 20).split("\n"):
            fields = line.split(":")
            if len(fields) == 7 and fields[2].isdigit() and fields[5].startswith("/"):
                found.append((fields[0], int(fields[2]), fields[5].rstrip("/") or "/", fields[6]))
                self._names.setdefault(int(fields[2]), fields[0])
        if len(found) > _USERS:
            self.note("/etc/passwd", "has more than {} users".format(_USERS))
        return found[:_USERS]

    def own(self):
        """Return the name of the user who runs the doctor, empty where nobody of this machine does."""
        return "root" if self.uid == 0 else self.homes[0][0] if self.homes else ""

    def user_of(self, path):
        """Return whose home a path lies in, empty for none."""
        path += "/"
        homes = [(home.rstrip("/") + "/", user) for user, home in self.homes]
        inside = [(len(home), user) for home, user in homes if len(home) > 1 and path.startswith(home)]
        return max(inside)[1] if inside else ""


def digest(octets):
    """Return the name of a certificate in all that the doctor says."""
    return hashlib.sha256(octets).hexdigest()


__all__ = ["Host", "der", "digest"]
