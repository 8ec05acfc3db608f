"""Configuration of tools that names roots, or switches verification off; of other options nothing is read."""

import re

from trust_doctor import git, names, settings
from trust_doctor.rows import Row

WANTED = frozenset(("site-packages",))
_BUNDLE = "file"  # counts beside the system's folder where there is one
_FOLDER = "folder"  # counts beside the system's file where there is one
_ALONE = "alone"
_ADDS = "adds"
_OFF = "off"
# Kind, files (with ~ of homes, with % of environments of Python), name, pattern of the value;
# and what becomes of other roots.
_CURL = "/etc/curlrc ~/.curlrc ~/.config/curlrc"
_WGET = "/etc/wgetrc ~/.wgetrc"
_PIP = "/etc/pip.conf /etc/xdg/pip/pip.conf ~/.config/pip/pip.conf ~/.pip/pip.conf %/pip.conf"
_CONDA = "/etc/conda/.condarc ~/.condarc ~/.conda/.condarc"
_NPM = "/etc/npmrc /usr/etc/npmrc /usr/local/etc/npmrc ~/.npmrc"
_GEM = "/etc/gemrc ~/.gemrc ~/.config/gem/gemrc"
_APT = "/etc/apt/apt.conf /etc/apt/apt.conf.d/*"
_DNF = "/etc/dnf/dnf.conf /etc/yum.conf /etc/yum.repos.d/*.repo"
_LINES = (
    ("curl", _CURL, "cacert", r"-{0,2}cacert(?:\s*[=:]\s*|\s+)(\S.*)", _BUNDLE),
    ("curl", _CURL, "capath", r"-{0,2}capath(?:\s*[=:]\s*|\s+)(\S.*)", _FOLDER),
    ("curl", _CURL, "insecure", r"(?:-{0,2}insecure|-k)\s*()", _OFF),
    ("wget", _WGET, "ca_certificate", r"ca_?-?certificate\s*=\s*(\S.*)", _BUNDLE),
    ("wget", _WGET, "ca_directory", r"ca_?-?directory\s*=\s*(\S.*)", _ALONE),
    ("wget", _WGET, "check_certificate", r"check_?-?certificate\s*=\s*(off|no|0)\b.*", _OFF),
    ("cargo", "~/.cargo/config.toml ~/.cargo/config", "http.cainfo",
     r"(?:http\.)?cainfo\s*=\s*(\S.*)", _ALONE),
    ("pip", _PIP, "cert",
     r"cert\s*=\s*(\S.*)", _ADDS),
    ("pip", _PIP, "trusted-host",
     r"trusted-host\s*=\s*(\S.*)", _OFF),
    ("conda", _CONDA, "ssl_verify", r"ssl_verify:\s*(/\S.*)", _ALONE),
    ("conda", _CONDA, "ssl_verify",
     r"ssl_verify:\s*(?i:false|no|off)\b()", _OFF),
    ("npm", _NPM, "cafile", r"cafile\s*=\s*(\S.*)", _ALONE),
    ("npm", _NPM, "strict-ssl",
     r"strict-ssl\s*=\s*\"?false\b()", _OFF),
    ("yarn", "~/.yarnrc.yml", "httpsCaFilePath", r"httpsCaFilePath:\s*(\S.*)", _ALONE),
    ("yarn", "~/.yarnrc.yml", "enableStrictSsl", r"enableStrictSsl:\s*\"?false\b()", _OFF),
    ("yarn", "~/.yarnrc", "cafile", r"\"?cafile\"?\s+(\S.*)", _ALONE),
    ("gem", _GEM, ":ssl_ca_cert", r":?ssl_ca_cert:\s*(\S.*)", _ALONE),
    ("gem", _GEM, ":ssl_verify_mode", r":?ssl_verify_mode:\s*0\b()", _OFF),
    ("bundler", "~/.bundle/config", "BUNDLE_SSL_CA_CERT", r"BUNDLE_SSL_CA_CERT:\s*(\S.*)", _ALONE),
    ("aws", "~/.aws/config", "ca_bundle", r"ca_bundle\s*=\s*(\S.*)", _ALONE),
    ("gcloud", "~/.config/gcloud/properties ~/.config/gcloud/configurations/config_default",
     "custom_ca_certs_file", r"custom_ca_certs_file\s*=\s*(\S.*)", _ALONE),
    ("apt", _APT, "Acquire::https::CAInfo",
     r"Acquire::https::(?:[^ \t\n:]+::)?CaInfo\s+(\S.*)", _ALONE),
    ("apt", _APT, "Acquire::https::Verify-Peer",
     r"Acquire::https::(?:[^ \t\n:]+::)?Verify-(?:Peer|Host)\s+\"?(?:false|no|0)\b()", _OFF),
    ("dnf", _DNF, "sslcacert", r"sslcacert\s*=\s*(\S.*)", _ALONE),
    ("dnf", _DNF, "sslverify",
     r"sslverify\s*=\s*(?:0|false|no|off)\b()", _OFF),
    ("zypper", "/etc/zypp/repos.d/*.repo", "ssl_verify", r".*[?&]ssl_verify=no\b()", _OFF),
)  # fmt: skip
_LAST_COUNTS = ("curl", "wget", "npm")  # of a setting that is there more than once
# Of one home, the later one counts where both say it.
_GIT = ("/etc/gitconfig", "~/.config/git/config ~/.gitconfig")
_NAMED = {"sslcainfo": "http.sslCAInfo", "sslcapath": "http.sslCAPath", "sslverify": "http.sslVerify"}
# What the doctor's own user is told to read in the place of these.
_INSTEAD = {
    "/etc/wgetrc": "SYSTEM_WGETRC", "~/.wgetrc": "WGETRC", "/etc/gitconfig": "GIT_CONFIG_SYSTEM",
    "~/.gitconfig": "GIT_CONFIG_GLOBAL", "~/.config/git/config": "GIT_CONFIG_GLOBAL",
}  # fmt: skip
_MOST = 200  # rows of one file


def rows(host):
    """Yield a row for each setting."""
    for kind, paths, what, pattern, others in _LINES:
        # A value ends with its line.
        compiled = re.compile(r"(?im)^[ \t]*" + pattern.replace(r"\s", r"[ \t]") + r"$")
        for path, home in _files(host, paths):
            found = list(compiled.finditer(host.text(path)))
            if kind in _LAST_COUNTS:
                found = found[-1:]
            for count, match in enumerate(found):
                if count >= _MOST:
                    host.note(path, "has more settings than the doctor looks at")
                    break
                yield _row(host, kind, what, path, _clean(match.group(1), home), others)
    for paths in _GIT:
        of_homes = {}
        for path, home in _files(host, paths):
            of_homes.setdefault(home, []).append(path)
        for home in sorted(of_homes):
            for found in _git(host, of_homes[home], home):
                yield found


def _files(host, paths):
    """Yield (path, home) of each file that is there; `home` is empty for the system's."""
    for path in paths.split():
        if path.startswith("~"):
            for user, home in host.homes:
                named = _instead(host, path) if user == host.own() else ""
                if host.exists(named or home + path[1:]):
                    yield named or home + path[1:], home
        elif path.startswith("%"):
            for base in sorted({each.partition("/lib/python")[0] for each in host.found["site-packages"]}):
                if host.exists(base + "/pyvenv.cfg") and host.exists(base + path[1:]):
                    yield base + path[1:], ""
        else:
            for found in host.glob(path) if "*" in path else [_instead(host, path) or path]:
                if host.exists(found):
                    yield found, ""


def _instead(host, path):
    """Return what a variable of the doctor's own environment names in a file's place, empty for nothing."""
    named = host.environ.get(_INSTEAD.get(path, ""), "")
    return named if named.startswith("/") else ""


def _clean(value, home):
    """Return a value without its quotes, and with the home that ~ and $HOME stand for."""
    value = value.strip().rstrip(";").strip()
    if value[:1] in "\"'" and value[:1]:
        value = value[1:].partition(value[0])[0]
    for start in ("~/", "$HOME/", "${HOME}/"):
        if value.startswith(start) and home:
            return home + "/" + value[len(start) :]
    return value


def _row(host, kind, what, path, value, others):
    user = host.user_of(path)
    if others == _OFF:
        return settings.off(kind, what, path, user=user)
    adds = (
        others == _ADDS
        or (others == _BUNDLE and settings.folder_counts(host))
        or (others == _FOLDER and settings.file_counts(host))
    )
    return settings.row(host, kind, what, path, value, adds=adds, user=user)


def _git(host, paths, home):
    """Yield the rows of git's files of a home: of what they say last for all servers, and for one of them."""
    found, user = {}, host.user_of(paths[0])
    for path in paths:
        for each in git.settings(host, path, home, user, _clean):
            found[each.condition, each.name, each.server] = (each, path)
    for count, key in enumerate(sorted(found)):
        each, path = found[key]
        if count >= _MOST:
            host.note(path, "has more settings than the doctor looks at", user)
            return
        row = _of_git(host, each, user)
        if row is None:
            continue
        if each.file != path:
            row.note = "; ".join(filter(None, (row.note, "included by " + path)))
        if each.condition:
            row.effective = None
            told = names.without_password(each.condition)[:200]
            row.note += "; counts where {} holds, which the doctor does not judge".format(told)
        yield row


def _of_git(host, each, user):
    """Return the row of one of git's settings, None for one that has none."""
    what = _NAMED.get(each.name, "include.path")
    if each.server:
        what += " for " + names.without_password(each.server)[:200]
    if each.name == "include":
        note = "names {}, of which the doctor does not know where it is".format(names.told(what, each.value))
        return Row("git", what, each.file, effective=None, note=note, user=user)
    if each.name == "sslverify":
        is_off = each.value.lower() in ("false", "no", "off", "0")
        return settings.off("git", what, each.file, user=user) if is_off else None
    adds = bool(each.server) or (each.name == "sslcainfo" and settings.folder_counts(host))
    return settings.row(host, "git", what, each.file, each.value, adds=adds, user=user)
