"""The lines that mend: how a target's package is installed where a store is fed by it."""

import shlex

from trust_doctor import machine

# By target, how its package is installed by name.
_SYSTEM = (
    ("deb", "debian ubuntu", "apt install {}"),
    ("apk", "alpine wolfi", "apk add {}"),
    ("rpm", "suse opensuse", "zypper install {}"),
    ("rpm", "fedora rhel centos amzn mariner azurelinux", "dnf install {}"),
    ("arch", "arch", "pacman -S {}"),
    ("homebrew", "", "brew install {}"),
)
_BROWSERS = (
    ("browsers-deb", "debian ubuntu", "apt install {}"),
    ("browsers-rpm", "suse opensuse", "zypper install {}"),
    ("browsers-rpm", "fedora rhel centos", "dnf install {}"),
)


def named(host, target):
    """Return what the organisation calls a target's package, empty where that is not known."""
    return host.packages.get(target, "")


def system(host):
    """Return the line that brings the CAs into the system's store, empty where the doctor knows none."""
    return _of_family(host, _SYSTEM)


def browsers(host):
    """Return the line that brings them to Chromium, Chrome and Edge."""
    return _of_family(host, _BROWSERS)


def _of_family(host, table):
    family = machine.family(host)
    for target, families, line in table:
        if family & set(families.split()) or (not families and host.system == "darwin"):
            return _line(host, target, line)
    return ""


def _line(host, target, line):
    name = named(host, target)
    return line.format(shlex.quote(name)) if name else ""


def python(host, environment, upgrade=False):
    """Return the line that installs the wheel into an environment, or upgrades it there."""
    name = named(host, "wheel")
    if not name:
        return ""
    steps = environment.split("/")
    tool, name, place = shlex.quote(steps[-1]), shlex.quote(name), shlex.quote(environment)
    verb = "install --upgrade" if upgrade else "install"
    if "pipx" in steps and "venvs" in steps:
        return (
            "pipx runpip {} {} {}".format(tool, verb, name)
            if upgrade
            else "pipx inject {} {}".format(tool, name)
        )
    if steps[-3:-1] == ["uv", "tools"]:
        return "uv tool {} {} --with {}".format(verb, tool, name)
    if host.exists(environment + "/conda-meta"):
        return "conda run -p {} pip {} {}".format(place, verb, name)
    python = environment + "/bin/python"
    has_pip = bool(host.glob(environment + "/lib/python3.*/site-packages/pip"))
    if environment in ("/usr", "/usr/local") or not has_pip or not host.exists(python):
        return "uv pip {} --python {} {}".format(verb, place, name)
    return "{} -m pip {} {}".format(shlex.quote(python), verb, name)


def conda(host, environment):
    """Return the line that installs conda's package into an environment."""
    return _line(host, "conda", "conda install -p {} {{}}".format(shlex.quote(environment)))


def java(host):
    """Return the line by which every JVM trusts the CAs, from where the jar lies."""
    name = named(host, "maven").rpartition(":")[2]
    return "export JAVA_TOOL_OPTIONS=-javaagent:/path/of/{}.jar".format(name) if name else ""


def node(host):
    """Return the line by which Node.js trusts the CAs: that of the npm package."""
    name = named(host, "npm")
    if not name:
        return ""
    command = name.replace("@", "").replace("/", "__")
    return 'npm install {} && eval "$(npx --no {} env)"'.format(shlex.quote(name), shlex.quote(command))


def gem(host):
    """Return the line that installs the gem."""
    return _line(host, "gem", "gem install {}")
