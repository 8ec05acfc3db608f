"""Variables that name roots: of this process, of those that run, of units and of login's files.

Of an environment the names in `names.VARIABLES` are looked at, and no others; of a value only what is a path.
"""

import os
import re

from trust_doctor import clients, names, settings
from trust_doctor.rows import Row

WANTED = frozenset()
_ENVIRON = 1 << 20  # bytes of one process
_PROCESSES = 20000
_PLACES = (
    "/etc/environment", "/etc/environment.d/*.conf", "/etc/profile", "/etc/profile.d/*.sh",
    "/etc/bash.bashrc",
    "/etc/zsh/zshenv", "/etc/zshenv", "/etc/default/*", "/etc/sysconfig/*",
)  # fmt: skip
_OF_HOMES = (
    ".profile", ".bash_profile", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".config/environment.d/*.conf",
    ".config/fish/config.fish", ".pam_environment",
)  # fmt: skip
_UNITS = (
    "/etc/systemd/system.conf", "/etc/systemd/system.conf.d/*.conf", "/etc/systemd/user.conf",
    "/etc/systemd/system/*.service", "/etc/systemd/system/*.d/*.conf", "/usr/lib/systemd/system/*.service",
    "/usr/lib/systemd/system/*.d/*.conf", "/run/systemd/system/*.service",
)  # fmt: skip
# What sets a variable, or several in one line: "A=1" "B=2".
_SETTING = re.compile(r"[ \t]*(export[ \t]+|set[ \t]+-gx[ \t]+|Environment=|DefaultEnvironment=|)(.*)")
_VARIABLE = re.compile(
    r"(?:^|(?<=[ \t\"']))[\"']?("
    + "|".join(sorted(names.VARIABLES, key=len, reverse=True))
    + r")[ \t=]+(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"';]+)"
)
_FURTHER_FILE = re.compile(r"(?m)^[ \t]*EnvironmentFile=-?(/[^\s*?\[%]+)[ \t]*$")
_OF_SYSTEM = ("/etc/ssl/", "/etc/pki/", "/usr/lib/ssl/", "/var/lib/ca-certificates/")
_HALVES = {"SSL_CERT_FILE": "SSL_CERT_DIR", "CURL_CA_BUNDLE": "SSL_CERT_DIR", "SSL_CERT_DIR": "SSL_CERT_FILE"}
_BOTH = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# What names files of settings: those of the doctor's own environment have rows of their own.
_CONFIGURATIONS = frozenset(("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "WGETRC", "SYSTEM_WGETRC"))
_NOT_JUDGED = frozenset(("GIT_CONFIG_COUNT",))
_SWITCHED_OFF = {
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "PYTHONHTTPSVERIFY": ("0",),
    "npm_config_strict_ssl": ("false",),
    "CONDA_SSL_VERIFY": ("false", "0", "no"),
}


def rows(host):
    """Yield a row for each variable and place, and one for all processes that have the same value."""
    for name, value in sorted(host.environ.items()):
        for row in _of(host, "environment", name, "this process", value, "unset " + name, host.environ):
            yield row
    for row in _processes(host):
        yield row
    of_homes = [home.rstrip("/") + "/" + name for _, home in host.homes for name in _OF_HOMES]
    places = [found for pattern in [*_PLACES, *of_homes] for found in host.glob(pattern)]
    units = [found for pattern in _UNITS for found in host.glob(pattern)]
    further = [found for path in units for found in _FURTHER_FILE.findall(host.text(path))]
    for kind, paths in (("environment", places), ("unit", units + sorted(set(further) - set(places)))):
        for path in paths:
            for row in _of_file(host, kind, path):
                yield row


def _of_file(host, kind, path):
    if host.kind(path) != "file":
        return
    found = {}
    for line in host.text(path).split("\n"):
        setter, rest = _SETTING.match(line).groups()
        for match in _VARIABLE.finditer(rest) if setter else filter(None, [_VARIABLE.match(rest)]):
            found[match.group(1)] = match.group(2).strip("\"'")  # the last one counts
    for name, value in sorted(found.items()):
        for row in _of(host, kind, name, path, value, "", found):
            yield row


def _of(host, kind, name, where, value, mend, beside, user=""):
    """Yield the rows of one variable: one for each path that it names, or one that says what it is set to."""
    readers, replaces = names.VARIABLES[name]
    user = user or (host.user_of(where) if where.startswith("/") else "")
    note = "read by " + readers
    both = name in _BOTH and all(beside.get(each) for each in _BOTH)
    if both or (name == "SSL_CERT_DIR" and clients.curl_refuses(host)):
        # Measured: where both are set, curl takes the folder alone, beside the system's bundle; without
        # that, it refuses every server.
        note = "read by " + readers.replace(", curl", "")
    if name == "GIT_SSL_NO_VERIFY" or value.lower() in _SWITCHED_OFF.get(name, ()):
        yield settings.off(kind, name, where, note=note, user=user, mend=mend)
        return
    paths = names.paths(name, value)
    if replaces is None or not paths:
        shown = names.told(name, value)
        if shown:
            said = "{} is set to {}".format(note, shown)
            if name in _NOT_JUDGED or (name in _CONFIGURATIONS and kind != "environment"):
                said += "; what is set there is not judged"
            problem = "names a path where nothing is: " + shown if _is_gone(host, name, value) else ""
            yield Row(kind, name, where, effective=None, note=said, user=user, problem=problem)
        return
    adds = not replaces or _adds(host, name, beside)
    for path in paths:
        row = settings.row(host, kind, name, where, path, adds=adds, note=note, user=user)
        # Of the system's own store, its own row says what mends it.
        if row.problem or not host.where(path).startswith(_OF_SYSTEM):
            row.mend = mend
        yield row


def _is_gone(host, name, value):
    """Tell whether a variable names a file of settings that is not there: wget then does nothing at all."""
    return name in ("WGETRC", "SYSTEM_WGETRC") and value.startswith("/") and not host.exists(value)


def _adds(host, name, beside):
    """Tell whether a variable leaves another half of the defaults where it is; see settings."""
    if name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        return settings.folder_counts(host) and not beside.get("SSL_CERT_DIR")
    if name == "GIT_SSL_CAINFO":
        return settings.folder_counts(host)
    if name == "SSL_CERT_DIR":
        return (settings.file_counts(host) and not beside.get("SSL_CERT_FILE")) or ":" in beside.get(name, "")
    return False


def _processes(host):
    """Yield a row for each variable, value and user that other processes have, with how many have it."""
    if not host.is_here or host.system != "linux":
        return
    found = {}
    running = _running()
    if running is None:
        host.note("/proc", "does not show processes: the environment of none was looked at")
        return
    if len(running) > _PROCESSES:
        host.note("/proc", "has more processes than the doctor looks at")
    for process in running[:_PROCESSES]:
        if host.clock.over():
            host.note("/proc", "took too long: not all processes were looked at")
            break
        environ, user = _environ(process), _user(host, process)
        for name, value in environ.items():
            half = environ.get(_HALVES.get(name, ""), "")
            found.setdefault((user, name, value, half), []).append(process)
    for (user, name, value, half), processes in sorted(found.items()):
        where = "{} process{}, such as {}".format(
            len(processes), "es" if len(processes) > 1 else "", _command(min(processes, key=int))
        )
        beside = {name: value, _HALVES.get(name, ""): half}
        for row in _of(host, "process", name, where, value, "", beside, user):
            yield row


def _running():
    """Return the numbers of all processes but this one, None where /proc is not what shows them."""
    try:
        found = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return None
    own = str(os.getpid())
    return [name for name in found if name != own] if own in found else None


def _user(host, process):
    """Return the name of the person whose process it is, empty for the system's."""
    try:
        return host.person(os.stat("/proc/" + process).st_uid)
    except OSError:
        return ""


def _environ(process):
    """Return those of a process's variables that are looked at; none of one that belongs to somebody else."""
    data = _of_proc("/proc/{}/environ".format(process), _ENVIRON)
    found = {}
    for pair in data.split(b"\0"):
        name, equals, value = pair.partition(b"=")
        if equals and value and len(name) < 64:
            text = name.decode("ascii", "replace")
            if text in names.VARIABLES:
                found[text] = value[:4096].decode("utf-8", "replace")
    return found


def _command(process):
    name = _of_proc("/proc/{}/comm".format(process), 64).decode("utf-8", "replace").strip()
    return "{} ({})".format(process, name)


def _of_proc(path, limit):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts, size = [], 0
        while size < limit:
            part = os.read(descriptor, min(1 << 16, limit - size))
            if not part:
                break
            parts.append(part)
            size += len(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
