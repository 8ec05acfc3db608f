"""Node.js: its built-in roots, and what its variables add to them; and our npm package in projects."""

import re
import shlex

from trust_doctor import facts, json_file, mends, openssl
from trust_doctor.probes.python import organisation
from trust_doctor.rows import Row

WANTED = frozenset(("roots.pem",))
_PROGRAMS = (
    "/usr/bin/node",
    "/usr/bin/nodejs",
    "/usr/local/bin/node",
    "/opt/*/bin/node",
    "/opt/homebrew/bin/node",
    "/usr/local/lib/nodejs/*/bin/node",
    "/snap/node/current/bin/node",
)
_OF_HOMES = (
    ".nvm/versions/node/*/bin/node",
    ".local/share/fnm/node-versions/*/installation/bin/node",
    ".volta/tools/image/node/*/bin/node",
    ".asdf/installs/nodejs/*/bin/node",
    ".local/share/mise/installs/node/*/bin/node",
    ".local/bin/node",
    "n/bin/node",
)
_HEADER = re.compile(r"(?m)^#define NODE_(MAJOR|MINOR|PATCH)_VERSION (\d+)$")
_IN_PATH = re.compile(r"/v?(\d+\.\d+\.\d+)(?:-[^/]*)?/")
_OPTION = re.compile(r"--(no-)?use[-_](system|openssl|bundled)[-_]ca(?![\w=-])")
_REGISTER = re.compile(r"(?:--require|--import|-r)[ =][\"']?(/[^\s\"']+)/register(?:\.js)?(?![^\s\"'])")
_FOLDER_OF_DPKG = "/var/lib/dpkg/info"


def rows(host):
    """Yield a row for each Node.js, then one for each project that has our npm package."""
    for where in programs(host):
        yield _node(host, where)
    for path in host.found["roots.pem"]:
        folder = path.rsplit("/", 1)[0]
        if host.exists(folder + "/register.js") and host.exists(folder + "/package.json"):
            yield _package(host, path, folder)


def programs(host):
    """Return the paths of the Node.js that are here, each once."""
    patterns = [*_PROGRAMS, *(home + "/" + each for _, home in host.homes for each in _OF_HOMES)]
    found = (host.where(path) for pattern in patterns for path in host.glob(pattern))
    return [where for where in dict.fromkeys(found) if host.kind(where) == "file"]


def _node(host, where):
    """Return the row of a Node.js: what it trusts beside its built-in roots, which are none of ours."""
    version = version_of(host, where)
    words = host.environ.get("NODE_OPTIONS", "")
    chosen = _chosen(host, where, version, words)
    found, notes = {}, []
    if chosen == "bundled":
        notes.append("its built-in roots")
    else:
        held, _, _ = openssl.trusted(
            host, openssl.NODE_FILES, openssl.NODE_FOLDERS, by_hash=chosen != "system"
        )
        found.update(dict.fromkeys(held))
        notes.append("the system's store" + ("" if chosen == "openssl" else " and its built-in roots"))
    extra = host.environ.get("NODE_EXTRA_CA_CERTS", "")
    if extra.startswith("/"):
        found.update(dict.fromkeys(host.certificates(extra) or ()))
        notes.append("NODE_EXTRA_CA_CERTS adds " + extra)
    for folder in _REGISTER.findall(words):
        found.update(dict.fromkeys(host.certificates(folder + "/roots.pem") or ()))
        notes.append("NODE_OPTIONS adds " + folder)
    if chosen is None:
        notes[0] = "whether it was built to read the system's store or its own roots, nothing says"
    if host.environ.get("NODE_USE_SYSTEM_CA") == "1" and not facts.node_has_system_variable(version):
        notes.append("it does not know NODE_USE_SYSTEM_CA, which is set here")
    return Row(
        "node",
        "Node.js " + (".".join(map(str, version)) or "(unknown version)"),
        where,
        list(found),
        effective=None if chosen is None else True,
        user=host.user_of(where),
        note="; ".join(notes),
        mend=_mend(host, version),
        replaces=True,
    )


def _chosen(host, where, version, words):
    """Return whose roots a Node.js takes: 'bundled', 'system' (with those), 'openssl' (alone), or None."""
    last = [(kind, bool(no)) for no, kind in _OPTION.findall(words)]
    for kind, no in reversed(last):
        if kind in ("openssl", "bundled"):
            return "openssl" if (kind == "openssl") != no else "bundled"
    built = _built(host, where)
    if built == "openssl":
        return built
    asked = [no for kind, no in last if kind == "system"]
    is_asked = not asked[-1] if asked else host.environ.get("NODE_USE_SYSTEM_CA") == "1"
    knows = facts.node_has_system_option if asked else facts.node_has_system_variable
    if is_asked and knows(version):
        return "system"
    return built


def _built(host, where):
    """Return what a Node.js was built to read: Debian's OpenSSL's store, its maker's its own roots.

    NodeSource's package has the same name as Debian's.
    """
    if not where.startswith("/usr/bin/"):
        return "bundled"
    if host.exists(_FOLDER_OF_DPKG + "/nodejs.list"):
        # The shared library is Debian's way alone.
        return "openssl" if host.glob(_FOLDER_OF_DPKG + "/libnode[0-9]*.list") else "bundled"
    return None


def version_of(host, where):
    """Return a Node.js' version, () where neither its header files nor its path say one."""
    prefix = where.rsplit("/", 2)[0]
    header = host.text(prefix + "/include/node/node_version.h", 1 << 16)
    said = dict(_HEADER.findall(header))
    if len(said) == 3:
        return tuple(int(said[key][:6]) for key in ("MAJOR", "MINOR", "PATCH"))
    found = _IN_PATH.findall(where)
    if found:
        return facts.version_of(found[-1])
    return facts.version_of(_of_dpkg(host)) if where.startswith("/usr/bin/") else ()


def _of_dpkg(host):
    status = host.text("/var/lib/dpkg/status", 32 << 20)
    found = re.search(r"(?m)^Package: nodejs\n(?:.+\n)*?Version: (?:\d+:)?([0-9.]+)", status)
    return found.group(1) if found else ""


def _mend(host, version):
    if facts.node_has_system_variable(version):
        return "export NODE_USE_SYSTEM_CA=1"
    return mends.node(host)


def _package(host, path, folder):
    said = json_file.read(host, folder + "/package.json") or {}
    name, version = str(said.get("name", "npm package"))[:214], str(said.get("version", ""))[:100]
    is_ours = organisation(host, folder + "/certificates.json") == host.organisation
    is_named = folder in _REGISTER.findall(host.environ.get("NODE_OPTIONS", ""))
    return Row(
        "node",
        "package {} {}".format(name, version).strip(),
        path,
        host.certificates(path) or [],
        effective=True if is_named else None,
        user=host.user_of(path),
        note=""
        if is_named
        else "for programs that start with --require {}/register, or call register()".format(name),
        mend="cd {} && npm install {}@latest".format(
            shlex.quote(folder.split("/node_modules/")[0]), shlex.quote(name)
        )
        if is_ours
        else "",
        replaces=is_ours,
    )
