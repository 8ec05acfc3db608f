"""Which machine this is: its name, an identifier that gives nothing else away, and its system."""

import hashlib
import re
import socket
import sys

_IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
_PRETTY = re.compile(r'(?m)^PRETTY_NAME=["\']?([^"\'\n]{1,200})')
_UUID = re.compile(rb'"IOPlatformUUID" = "([0-9A-Fa-f-]{36})"')


def about(host):
    """Return what the document says of the host."""
    return {
        "name": _name(host),
        "machine": _machine(host),
        "system": host.system,
        "description": _description(host),
        "user": _user(host),
    }


def _name(host):
    return socket.gethostname() if host.is_here else host.text("/etc/hostname", 1000).strip()[:253]


def _machine(host):
    """Return a digest of the machine's id, which by itself is to be kept from others (machine-id(5))."""
    found = next((text for text in (host.text(path, 100).strip() for path in _IDS) if text), "")
    if not found and host.system == "darwin":
        told = host.tool(["/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"]) or b""
        match = _UUID.search(told)
        found = match.group(1).decode() if match else ""
    if not found and host.system == "windows" and host.is_here:
        found = _of_windows()
    if not found or found == "uninitialized":
        return ""
    return hashlib.sha256(("trustpack-doctor:" + found).encode()).hexdigest()[:32]


def _of_windows():
    if sys.platform != "win32":
        return ""
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    except OSError:
        return ""


def _description(host):
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        match = _PRETTY.search(host.text(path, 1 << 16))
        if match:
            return match.group(1).strip()
    if host.is_here and host.system != "linux":
        import platform

        return " ".join(filter(None, (platform.system(), platform.release())))
    return ""


def family(host):
    """Return the words by which a Linux says what it is like: ID and ID_LIKE (os-release(5))."""
    found = []
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        text = host.text(path, 1 << 16)
        for key in ("ID", "ID_LIKE"):
            match = re.search(r'(?m)^{}=["\']?([^"\'\n]{{1,200}})'.format(key), text)
            if match:
                found += match.group(1).lower().split()
        if found:
            break
    return frozenset(found)


def _user(host):
    return host.own() if host.is_here or host.uid == 0 else ""
