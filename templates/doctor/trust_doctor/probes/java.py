"""Java: each JDK's store, the variables that put another in its place, and our jar as an agent."""

import re
import shlex
import zipfile
from io import BytesIO

from trust_doctor import facts, mends, stores
from trust_doctor.rows import Row

WANTED = frozenset(("cacerts", "jssecacerts"))
# The last wins: HotSpot reads them in this order, the command line between the second and the third.
OPTIONS = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_STORE = re.compile(r"(?:^|\s)[\"']?-Djavax\.net\.ssl\.trustStore=([^\s\"']+)")
_AGENT = re.compile(r"(?:^|\s)[\"']?-javaagent:([^\s\"'=]+)")
_RELEASE = re.compile(r'(?m)^JAVA_VERSION="([^"\n]{1,40})"')
_BUNDLE = 1 << 20


def rows(host):
    """Yield a row for each store of a JDK, with all the JDKs that read it, and for each agent of ours."""
    shadow = _shadow(host)
    agents = list(_agents(host))
    for row in agents:
        yield row
    read = {}
    for path in host.found["cacerts"] + host.found["jssecacerts"]:
        home = _home(path)
        if home:
            beside = path.rsplit("/", 1)[0] + "/jssecacerts"
            # JSSE takes jssecacerts, where there is one, in the place of cacerts.
            hidden = path.endswith("/cacerts") and host.exists(beside)
            read.setdefault((host.where(path), hidden), []).append((home, path))
    for (store, hidden), homes in sorted(read.items()):
        yield _row(host, store, homes, "jssecacerts beside it" if hidden else shadow, agents)


def _row(host, store, homes, shadow, agents):
    versions = sorted({_version(host, home) for home, _ in homes} - {""}, key=facts.version_of)
    found, problem = certificates(host, store)
    return Row(
        "java",
        "Java {}".format(", ".join(versions)).strip(),
        store,
        found or [],
        effective=False if shadow else None if found is None else True,
        shadowed_by=shadow,
        user=host.user_of(store),
        note="; ".join(
            filter(None, (problem, "read by " + ", ".join(sorted({home for home, _ in homes})[:5])))
        ),
        mend=_mend(host, store),
        replaces=not agents and found is not None,
    )


def certificates(host, path):
    """Return (certificates, note): None and why not, for a store that the doctor cannot read by itself."""
    data = host.read(path)
    if data is None:
        return None, "cannot be read"
    try:
        found = stores.read(data)
    except stores.DamagedError as error:
        return [], str(error)
    if found is None:
        found = _asked(host, path)
    if found is None:
        return None, "its certificates are encrypted: keytool -list -rfc -keystore {} shows them".format(
            shlex.quote(path)
        )
    return found, ""


def _asked(host, path):
    """Return what the system's own keytool finds in a store of the system's that needs the usual password."""
    from trust_doctor import programs

    if not host.is_here or not programs.is_the_systems(path):
        return None
    command = ["/usr/bin/keytool", "-list", "-rfc", "-keystore", path, "-storepass", "changeit"]
    said = host.tool(command)
    return None if said is None else stores.pem(said)


def _shadow(host):
    for name in reversed(OPTIONS):
        found = _STORE.findall(host.environ.get(name, ""))
        if found:
            return "{} in this environment: {}".format(name, found[-1])
    return ""


def _agents(host):
    """Yield the rows of our jars that the environment makes agents of every JVM."""
    named = [path for name in OPTIONS for path in _AGENT.findall(host.environ.get(name, ""))]
    for path in dict.fromkeys(named):
        if not path.startswith("/"):
            continue
        data = host.read(path, 16 << 20)
        if data is None:
            yield Row("java", "agent", path, problem="names a jar that cannot be read: no JVM starts with it")
            continue
        found = bundle(data)
        if found is not None:
            note = "" if not _shadow(host) else "adds nothing where a trust store is named: " + _shadow(host)
            yield Row(
                "java",
                "agent of ours",
                path,
                found,
                effective=not _shadow(host),
                shadowed_by=_shadow(host),
                note=note,
                replaces=False,
            )


def bundle(data):
    """Return the roots in a jar of ours, None for any other file."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as jar:
            names = [each for each in jar.infolist()[:5000] if each.filename.endswith("/roots.pem")]
            for each in names:
                if each.file_size <= _BUNDLE and each.filename[:-9] + "Agent.class" in jar.namelist():
                    with jar.open(each) as file:
                        return stores.pem(file.read(_BUNDLE))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError):
        return None
    return None


def homes(host):
    """Return the folders of the JDKs and JREs that are here."""
    return {_home(path) for path in host.found["cacerts"] if path.startswith("/") and _home(path)}


def _home(path):
    """Return the folder of a JDK or JRE whose store this is, empty for a file that is only called so."""
    steps = path.split("/")
    if steps[-2] == "java" and path.startswith("/etc/"):
        return "/".join(steps[:-1])
    if steps[-3:-1] != ["lib", "security"]:
        return ""
    home = steps[:-3]
    return "/".join(home[:-1] if home and home[-1] == "jre" else home)


def _version(host, home):
    found = _RELEASE.search(host.text(home + "/release", 1 << 16))
    return found.group(1) if found else ""


def _mend(host, store):
    if store.startswith("/etc/"):
        return mends.system(host)
    return mends.java(host)
