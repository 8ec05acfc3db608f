"""Container engines: roots for single registries, which come beside the system's, and unverified ones."""

import re

from trust_doctor import json_file
from trust_doctor.rows import Row

WANTED = frozenset()
# https://docs.docker.com/engine/security/certificates/, containers-certs.d(5): *.crt are roots.
_FOLDERS = (
    ("Docker, Podman", "/etc/docker/certs.d"),
    ("Podman", "/etc/containers/certs.d"),
    ("Podman", "/usr/share/containers/certs.d"),
)
_OF_HOMES = (("Podman", ".config/containers/certs.d"), ("Docker", ".config/docker/certs.d"))
# https://github.com/containerd/containerd/blob/main/docs/hosts.md
_CONTAINERD = ("/etc/containerd/certs.d", "/var/lib/rancher/k3s/agent/etc/containerd/certs.d")
_DAEMONS = ("/etc/docker/daemon.json", "/var/snap/docker/current/config/daemon.json")
_REGISTRIES = ("/etc/containers/registries.conf", "/etc/containers/registries.conf.d/*.conf")
_CA = re.compile(r"(?m)^\s*ca\s*=\s*(\[[^\]]*\]|\"[^\"\n]*\"|'[^'\n]*')")
_TEXT = re.compile(r"[\"']([^\"'\n]+)[\"']")
_SKIP = re.compile(r"(?m)^\s*skip_verify\s*=\s*true\b")
_INSECURE = re.compile(r"(?m)^\s*insecure\s*=\s*true\b")
_LOCATION = re.compile(r"(?m)^\s*(?:location|prefix)\s*=\s*[\"']([^\"'\n]+)[\"']")


def rows(host):
    """Yield a row for each registry that has roots, and one for each whose server nobody verifies."""
    folders = [*_FOLDERS, *((what, home + "/" + path) for _, home in host.homes for what, path in _OF_HOMES)]
    for what, base in folders:
        for registry in host.listdir(base):
            folder = base + "/" + registry
            files = [folder + "/" + name for name in host.listdir(folder) if name.endswith(".crt")]
            if files:
                yield _row(host, "{} for {}".format(what, registry), folder, files)
    for base in _CONTAINERD:
        for registry in host.listdir(base):
            for row in _containerd(host, base + "/" + registry, registry):
                yield row
    for row in _settings(host):
        yield row


def _settings(host):
    for path in [*_DAEMONS, *(home + "/.config/docker/daemon.json" for _, home in host.homes)]:
        for row in _daemon(host, path):
            yield row
    patterns = [*_REGISTRIES, *(home + "/.config/containers/registries.conf" for _, home in host.homes)]
    for path in (path for pattern in patterns for path in host.glob(pattern)):
        for row in _registries(host, path):
            yield row


def _row(host, what, where, files, note=""):
    found = {}
    for path in files:
        found.update(dict.fromkeys(host.certificates(path) or ()))
    note = "; ".join(filter(None, ("they come beside the system's store", note)))
    return Row("containers", what, where, list(found), user=host.user_of(where), note=note, replaces=False)


def _containerd(host, folder, registry):
    """Yield the rows of one host's folder: hosts.toml where there is one, else files as Docker has them."""
    path = folder + "/hosts.toml"
    if not host.exists(path):
        files = [folder + "/" + name for name in host.listdir(folder) if name.endswith(".crt")]
        if files:
            yield _row(host, "containerd for " + registry, folder, files)
        return
    text = host.text(path, 1 << 18)
    named = [name for value in _CA.findall(text) for name in _TEXT.findall(value)]
    files = [name if name.startswith("/") else folder + "/" + name for name in named]
    gone = [name for name in files if not host.exists(name)]
    if files:
        row = _row(host, "containerd for " + registry, path, files)
        if gone:
            row.problem = "names a file that is not there: " + ", ".join(gone)
        yield row
    if _SKIP.search(text):
        yield _unverified(host, "containerd for " + registry, path, "skip_verify = true")


def _daemon(host, path):
    if not host.exists(path):
        return
    said = json_file.read(host, path)
    if said is None:
        yield Row("containers", "Docker's daemon", path, problem="is no JSON that Docker would read")
        return
    registries = said.get("insecure-registries")
    registries = [str(each) for each in registries] if isinstance(registries, list) else []
    # Networks, as 127.0.0.0/8, are loopback's, which Docker trusts anyway.
    named = [each for each in registries if not each.startswith(("127.", "::1", "localhost"))]
    if named:
        yield _unverified(host, "Docker's daemon", path, "insecure-registries: " + ", ".join(named[:20]))


def _registries(host, path):
    for table in host.text(path, 1 << 18).split("[[")[1:]:
        if _INSECURE.search(table):
            found = _LOCATION.findall(table)
            yield _unverified(
                host, "Podman for " + (found[0] if found else "a registry"), path, "insecure = true"
            )


def _unverified(host, what, path, why):
    return Row("containers", what, path, user=host.user_of(path), problem="verifies no server: " + why)
