"""Configuration of tools that names roots, or switches verification off; of other options nothing is read."""

import re

from trust_doctor import names, settings

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
_GIT = ("/etc/gitconfig", "~/.gitconfig", "~/.config/git/config")
_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_COMMENT = re.compile(r'(?<!\\)[ \t]*[#;](?=[^"]*$).*$')
_SETTING = re.compile(r"\s*([A-Za-z0-9-]+)\s*=\s*(.*)")
_UV = ("/etc/uv/uv.toml", "~/.config/uv/uv.toml")
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
    for path, home in _files(host, " ".join(_GIT)):
        for found in _git(host, path, home):
            yield found


def _files(host, paths):
    """Yield (path, home) of each file that is there; `home` is empty for the system's."""
    for path in paths.split():
        if path.startswith("~"):
            for _, home in host.homes:
                if host.exists(home + path[1:]):
                    yield home + path[1:], home
        elif path.startswith("%"):
            for base in sorted({each.partition("/lib/python")[0] for each in host.found["site-packages"]}):
                if host.exists(base + "/pyvenv.cfg") and host.exists(base + path[1:]):
                    yield base + path[1:], ""
        else:
            for found in host.glob(path) if "*" in path else [path] * host.exists(path):
                yield found, ""


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


def _git(host, path, home):
    """Yield the rows of one of git's files: of what it says last for all servers, and for one of them."""
    found = {}
    for name, of, value in _settings_of_git(host.text(path)):
        found[name, of] = _clean(value, home)
    for count, ((name, of), value) in enumerate(sorted(found.items())):
        if count >= _MOST:
            host.note(path, "has more settings than the doctor looks at")
            return
        server = " for " + names.without_password(of)[:200] if of else ""
        what = {"sslcainfo": "http.sslCAInfo", "sslcapath": "http.sslCAPath"}.get(name, "http.sslVerify")
        if name == "sslverify":
            if value.lower() in ("false", "no", "off", "0"):
                yield settings.off("git", what + server, path, user=host.user_of(path))
            continue
        adds = name == "sslcainfo" and settings.folder_counts(host)
        yield settings.row(
            host, "git", what + server, path, value, adds=adds or bool(of), user=host.user_of(path)
        )


def _settings_of_git(text):
    """Yield (name in small letters, server, value) of each of git's settings that is about TLS."""
    section, of = "", ""
    for line in text.split("\n"):
        head = _SECTION.match(line)
        if head:
            section, of = head.group(1).lower(), head.group(2) or ""
        match = _SETTING.match(line[head.end() :] if head else line) if section == "http" else None
        name = match.group(1).lower() if match else ""
        if name in ("sslcainfo", "sslcapath", "sslverify"):
            yield name, of, _COMMENT.sub("", match.group(2))
