"""Browsers: the policies of Chromium, Chrome and Edge, as one wins over another, and those of Firefox."""

import base64
import binascii

from trust_doctor import json_file, machine, mends, nss
from trust_doctor.rows import Row

WANTED = frozenset(("policies.json",))
_LINUX = (
    ("Chromium", "/etc/chromium/policies/managed", ("/usr/bin/chromium", "/usr/bin/chromium-browser")),
    ("Chrome", "/etc/opt/chrome/policies/managed", ("/opt/google/chrome/chrome", "/usr/bin/google-chrome")),
    ("Edge", "/etc/opt/edge/policies/managed", ("/opt/microsoft/msedge/msedge", "/usr/bin/microsoft-edge")),
    ("Chromium (snap)", "/etc/chromium-browser/policies/managed", ("/snap/bin/chromium",)),
    ("Brave", "/etc/brave/policies/managed", ("/opt/brave.com/brave/brave",)),
    ("Vivaldi", "/etc/opt/vivaldi/policies/managed", ("/opt/vivaldi/vivaldi",)),
)  # fmt: skip
_TRUSTING, _LIMITED, _DISTRUSTING = (
    "CACertificates",
    "CACertificatesWithConstraints",
    "CADistrustedCertificates",
)
_MERGED = "PolicyListMultipleSourceMergeList"
_FIREFOX = "/etc/firefox/policies/policies.json"
_FIREFOX_PROGRAMS = (
    "/usr/lib/firefox-esr/firefox-esr",
    "/usr/lib/firefox/firefox",
    "/usr/lib64/firefox/firefox",
    "/opt/firefox/firefox",
    "/snap/firefox/current/usr/lib/firefox/firefox",
)
_CERTIFICATES = ("/usr/lib/mozilla/certificates/", "/usr/lib64/mozilla/certificates/")


def rows(host):
    """Yield the rows of each browser that is here, or has policies."""
    if host.system == "linux":
        for what, folder, programs in _LINUX:
            is_here = any(host.exists(path) for path in programs)
            for row in _chromium(host, what, folder, is_here):
                yield row
    for row in _firefoxes(host):
        yield row


def _chromium(host, what, folder, is_here):
    """Yield a row of what the files of a folder say together, and one for each that another one wins over."""
    files = []
    for name in host.listdir(folder):
        path = folder + "/" + name
        if host.kind(path) != "file":
            continue
        said = json_file.read(host, path)
        if said is None:
            yield Row(
                "browser", what + "'s policy", path, effective=is_here or None, problem="is no JSON object"
            )
        elif {_TRUSTING, _LIMITED, _DISTRUSTING} & set(said):
            files.append((path, said))
    if not files and not is_here:
        return
    merged = {str(each) for _, said in files for each in _list(said.get(_MERGED))}
    policy, hidden = {}, {}
    for key in (_TRUSTING, _LIMITED, _DISTRUSTING):
        having = [(path, said) for path, said in files if key in said]
        counting = having if key in merged else having[-1:]  # the later name wins
        policy[key] = [each for _, said in counting for each in _list(said[key])]
        for path, said in having[: len(having) - len(counting)]:
            hidden.setdefault(path, (counting[-1][0], {}))[1][key] = said[key]
    yield _policy(host, what, folder, policy, is_here)
    for path, (winner, said) in sorted(hidden.items()):
        yield Row(
            "browser",
            what + "'s policy",
            path,
            [
                each
                for each in map(_der, [*_list(said.get(_TRUSTING)), *_limited(said.get(_LIMITED))])
                if each
            ],
            effective=False,
            shadowed_by="{}, which comes later by name, and no file has {} of {}".format(
                winner, _MERGED, ", ".join(sorted(said))
            ),
        )


def _policy(host, what, folder, policy, is_here):
    refused = {_der(each) for each in policy[_DISTRUSTING]}
    named = [*policy[_TRUSTING], *_limited(policy[_LIMITED])]
    held = [each for each in map(_der, named) if each and each not in refused]
    broken = sum(1 for each in named if not _der(each))
    notes = (
        ["{} of them distrusted by policy".format(len(refused & set(map(_der, named))))] if refused else []
    )
    if policy[_LIMITED]:
        notes.append("some for certain domains only")
    elsewhere = [path for path in _databases(host) if _holds(host, path)]
    if elsewhere:
        notes.append("{} adds to it".format(", ".join(elsewhere)))
    return Row(
        "browser",
        what,
        folder,
        list(dict.fromkeys(held)),
        effective=True if is_here else None,
        note="; ".join(notes) if is_here else "; ".join([*notes, "the browser itself was not found"]),
        problem="{} of its certificates cannot be read".format(broken) if broken else "",
        mend=mends.browsers(host),
        replaces=not elsewhere,
    )


def _databases(host):
    """Return the databases that Chromium's users can add CAs to."""
    paths = [home + "/.pki/nssdb/cert9.db" for _, home in host.homes]
    return [path for path in paths if host.exists(path)]


def _holds(host, path):
    try:
        return bool(nss.trusted(host.read(path, nss.LIMIT) or b"")[0])
    except nss.NssError:
        return False


def _firefoxes(host):
    """Yield a row for each Firefox: it follows the system's store, has CAs of its own, or neither."""
    programs = [path for path in _FIREFOX_PROGRAMS if host.exists(path)]
    managed = _FIREFOX if host.exists(_FIREFOX) else ""
    own = [path for path in host.found["policies.json"] if path.endswith("/distribution/policies.json")]
    if managed:
        yield firefox(host, managed, "Firefox", bool(programs))
        for path in own:
            what = "Firefox's policy"
            yield Row("browser", what, path, effective=False, shadowed_by=managed, user=host.user_of(path))
        return
    for path in own:
        yield firefox(host, path, "Firefox", True)
    covered = {path.rsplit("/", 2)[0] for path in own}
    for program in programs:
        if program.rsplit("/", 1)[0] not in covered:
            yield _unmanaged(host, program)


def firefox(host, path, what, is_here):
    """Return the row of a file of Firefox's policies."""
    said = json_file.read(host, path)
    policies = said.get("policies") if said else None
    if not isinstance(policies, dict):
        return Row(
            "browser",
            what,
            path,
            effective=is_here or None,
            problem="has no policies that Firefox would read",
        )
    modules = _modules(policies.get("SecurityDevices"))
    installed = policies.get("Certificates")
    installed = _list(installed.get("Install")) if isinstance(installed, dict) else []
    files = [file for name in installed for file in _files(host, str(name))]
    held = {}
    for file in files:
        held.update(dict.fromkeys(host.certificates(file) or ()))
    row = Row(
        "browser", what, path, list(held) if files else None, effective=True if is_here else None,
        user=host.user_of(path), replaces=not modules,
    )  # fmt: skip
    if modules:
        gone = [each for each in modules if not host.exists(each)]
        row.note = "follows the system's store by " + ", ".join(modules)
        row.problem = "names a module that is not there: " + ", ".join(gone) if gone else ""
    elif not files:
        row.problem = "neither SecurityDevices nor Certificates: it trusts its built-in roots alone"
        row.mend = _firefox_mend(host)
    else:
        row.note = "what was once installed stays in a profile when the policy goes"
    return row


def _unmanaged(host, program):
    """Return the row of a Firefox without policies; Fedora's and openSUSE's look for p11-kit's module."""
    follows = bool(machine.family(host) & {"fedora", "rhel", "centos", "suse", "opensuse"})
    return Row(
        "browser",
        "Firefox",
        program,
        effective=None if follows else True,
        note="a distribution's own Firefox may follow the system's store by itself" if follows else "",
        problem=""
        if follows
        else "no policy with SecurityDevices or Certificates: it trusts its built-in roots alone",
        mend="" if follows else _firefox_mend(host),
    )


def _firefox_mend(host):
    name = mends.named(host, "browsers-deb")
    if not name or not machine.family(host) & {"debian", "ubuntu"}:
        return ""
    example = "/usr/share/doc/{}/examples/firefox-policies-$(dpkg --print-architecture).json".format(name)
    return "install -D -m 644 {} {}".format(example, _FIREFOX)


def _modules(devices):
    """Return the paths of p11-kit's trust modules in SecurityDevices, in its old form and its newer one."""
    if not isinstance(devices, dict):
        return []
    added = devices.get("Add") if isinstance(devices.get("Add"), dict) else devices
    return [path for path in added.values() if isinstance(path, str) and "p11-kit-trust" in path]


def _files(host, name):
    """Return the file that a name in Certificates.Install means, the name itself where there is none."""
    if name.startswith("/"):
        return [name]
    return [folder + name for folder in _CERTIFICATES if host.exists(folder + name)][:1]


def _list(value):
    return value if isinstance(value, list) else []


def _limited(value):
    """Return the certificates of entries that say for which domains each is."""
    return [each.get("certificate") for each in _list(value) if isinstance(each, dict)]


def _der(value):
    """Return a certificate from its base64, empty for what is none."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return b""
