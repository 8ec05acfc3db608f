"""Python: each environment's certifi, pip's own, our wheel, and conda's store for OpenSSL."""

import re

from trust_doctor import facts, json_file, mends, openssl
from trust_doctor.rows import Row

WANTED = frozenset(("site-packages", "dist-packages", "conda-meta", "cacert.pem"))
_DISTRIBUTION = re.compile(r"(.+?)-([0-9][^-]*)(?:-py[0-9.]+)?\.(?:dist|egg)-info")
_VERSION = re.compile(r"(?:python|pypy)(3)\.(\d{1,2})")
_CONFIGURED = re.compile(r"(?m)^version(?:_info)?\s*=\s*(\d+)\.(\d+)")
_ELSEWHERE = re.compile(r"(?m)return ['\"](/[^'\"]+)['\"]|^DEBIAN_CA_CERTS_PATH = ['\"](/[^'\"]+)['\"]")
# Who reads certifi, and the variables that each takes in its place.
_READERS = {
    "requests": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    "httpx": ("SSL_CERT_FILE", "SSL_CERT_DIR"),
    "botocore": ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
    "httplib2": ("HTTPLIB2_CA_CERTS",),
}
_PIP = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_REPLACING = ("pip_system_certs", "certifi_linux", "certifi_win32", "python_certifi_win32")
# Copies that no environment has, and whose they are; all others are examples, caches and tests.
_BUNDLED = (
    ("google-cloud-sdk", "gcloud's certifi", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "/certifi/cacert.pem"),
    ("aws-cli", "AWS CLI's own roots", "AWS_CA_BUNDLE", "/botocore/cacert.pem"),
)


class _Site:
    """A folder of packages: its environment, its names, and which version of Python it is for."""

    def __init__(self, host, path):
        self.path = path
        self.environment = _environment(path)
        self.names = frozenset(host.listdir(path))
        self.versions = {}
        for name in self.names:
            match = _DISTRIBUTION.fullmatch(name)
            if match:
                self.versions[match.group(1).lower().replace("-", "_")] = match.group(2)
        self.python = _python(host, path, self.environment)
        self.user = host.user_of(path)
        self.wheels = [name[1:-3] for name in sorted(self.names) if _is_wheel(host, self, name)]
        self.active = [
            name
            for name in self.wheels
            if facts.python_starts(self.python, name + ".pth" in self.names, name + ".start" in self.names)
        ]


def rows(host):
    """Yield the rows of each environment, then those of what has Python inside."""
    seen = set()
    for path in host.found["site-packages"] + host.found["dist-packages"]:
        if host.kind(path) == "dir":
            site = _Site(host, path)
            seen.add(site.path)
            for row in _rows(host, site):
                yield row
    for path in host.found["conda-meta"]:
        if host.exists(path + "/history"):
            for row in _conda(host, path.rsplit("/", 1)[0]):
                yield row
    for path in host.found["cacert.pem"]:
        if not any(path.startswith(each + "/") for each in seen):
            for row in _bundled(host, path):
                yield row


def _rows(host, site):
    if "pip" in site.names:
        path = site.path + "/pip/_vendor/certifi/cacert.pem"
        if host.exists(path):
            yield _pip(host, site, path)
    path = site.path + "/certifi/cacert.pem"
    if host.exists(path):
        yield _certifi(host, site, path)
    path = site.path + "/botocore/cacert.pem"
    if host.exists(path) and "certifi" not in site.names:
        shadow = _set(host, _READERS["botocore"])
        yield _row(host, site, "botocore's own roots", path, shadow)
    for name in site.wheels:
        yield _wheel(host, site, name)


def _row(host, site, what, path, shadow, note=""):
    if site.active:
        note = "; ".join(filter(None, (note, "{} adds its roots to these".format(", ".join(site.active)))))
    return Row(
        "python",
        what,
        path,
        host.certificates(path) or [],
        effective=not shadow,
        shadowed_by=shadow,
        user=site.user,
        note=note,
        mend="" if site.active else mends.python(host, site.environment),
        replaces=not site.active,
    )


def _pip(host, site, path):
    """Return the row of the roots that a pip brings: all that an old one trusts."""
    version = site.versions.get("pip", "")
    adds = facts.pip_reads_system(facts.version_of(version), site.python)
    shadow = _elsewhere(host, site.path + "/pip/_vendor/certifi/core.py")
    if not shadow and not adds:
        shadow = _set(host, _PIP)
    note = "this pip trusts the system's store, too" if adds else ""
    if adds is None:
        note = "which pip or Python this is, nothing says"
    row = _row(host, site, "pip {}'s own certifi".format(version or "(unknown)"), path, shadow, note)
    row.replaces = row.replaces and not adds
    return row


def _certifi(host, site, path):
    """Return the row of an environment's certifi: variables may tell its readers to read others."""
    shadow = _elsewhere(host, site.path + "/certifi/core.py")
    replacing = [name for name in _REPLACING if name in site.versions]
    if not shadow and replacing:
        shadow = replacing[0] + ", which puts the system's store in its place"
    readers = [name for name in _READERS if name in site.names]
    told = {name: _set(host, _READERS[name]) for name in readers}
    note = ""
    if not shadow and readers and all(told.values()):
        shadow = "; ".join("{} for {}".format(told[name], name) for name in readers)
    elif not shadow:
        note = "; ".join("not for {}: {}".format(name, told[name]) for name in readers if told[name])
    return _row(host, site, "certifi {}".format(site.versions.get("certifi", "")).strip(), path, shadow, note)


def _wheel(host, site, name):
    """Return the row of a wheel of trustpack's, which tells by its start-up file whether it is active."""
    base = site.path + "/" + name
    is_active = name in site.active
    note = "" if is_active else "programs of this environment trust it once they call activate()"
    if is_active and host.environ.get("SSL_CERT_FILE"):
        note = "SSL_CERT_FILE wins over it for programs that read OpenSSL's default paths"
    version = site.versions.get(name, "")
    is_ours = organisation(host, base + "/certificates.json") == host.organisation
    return Row(
        "python",
        "wheel {} {}".format(name.replace("_", "-"), version).strip(),
        base + "/roots.pem",
        host.certificates(base + "/roots.pem") or [],
        effective=True if is_active else None,
        user=site.user,
        note=note,
        mend=mends.python(host, site.environment, upgrade=True) if is_ours else "",
        replaces=is_ours,
    )


def organisation(host, path):
    """Return whose a package of trustpack's is, from the inventory in it."""
    return str((json_file.read(host, path) or {}).get("organisation", ""))


def _is_wheel(host, site, name):
    if not name.startswith("_") or not name.endswith(".py") or name[1:-3] not in site.names:
        return False
    base = site.path + "/" + name[1:-3]
    return host.exists(base + "/roots.pem") and host.exists(base + "/certificates.json")


def _elsewhere(host, path):
    """Return where a distribution's patched certifi reads instead, empty for certifi as it is published."""
    found = _ELSEWHERE.search(host.text(path, 1 << 16))
    return "the distribution's change to it: it reads " + (found.group(1) or found.group(2)) if found else ""


def _set(host, names):
    """Say which of these variables is set here, empty for none."""
    return next((name + " in this environment" for name in names if host.environ.get(name)), "")


def _environment(path):
    """Return an environment's folder: /opt/v of /opt/v/lib/python3.12/site-packages."""
    steps = path.split("/")
    for at in range(len(steps) - 1, 0, -1):
        if steps[at] in ("lib", "lib64", "Lib"):
            return "/".join(steps[:at]) or "/"
    return path.rsplit("/", 1)[0]


def _python(host, path, environment):
    """Return the (major, minor) version of Python that a folder of packages is for, () where nothing says."""
    found = _VERSION.findall(path)
    if found:
        return tuple(map(int, found[-1]))
    said = _CONFIGURED.search(host.text(environment + "/pyvenv.cfg", 1 << 14))
    if said:
        return tuple(map(int, said.groups()))
    found = _VERSION.findall(host.where(environment + "/bin/python3"))
    return tuple(map(int, found[-1])) if found else ()


def _conda(host, environment):
    """Yield the row of a conda environment's store: a file, and a folder with hashes as names, beside it."""
    file, folder = environment + "/ssl/cacert.pem", environment + "/ssl/certs"
    if not host.exists(file):
        return
    held, where, named = openssl.trusted(host, [file], [folder], by_hash=True)
    note = " and ".join(named) + " of this environment counts" if named else ""
    yield Row(
        "python",
        "conda's store for OpenSSL",
        file if len(named) < 2 else where or file,
        held,
        user=host.user_of(file),
        note=note,
        mend="unset " + " ".join(named) if named else mends.conda(host, environment),
    )


def _bundled(host, path):
    for part, what, variable, end in _BUNDLED:
        if "/" + part + "/" in path and path.endswith(end):
            shadow = _set(host, (variable,))
            yield Row(
                "python",
                what,
                path,
                host.certificates(path) or [],
                effective=False if shadow else None,
                shadowed_by=shadow,
                user=host.user_of(path),
                note="" if shadow else "its configuration may name another file",
            )
            return
