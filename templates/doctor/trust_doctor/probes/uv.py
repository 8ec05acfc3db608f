"""uv: Mozilla's roots are compiled in; variables put others in their place, a setting the system's store.

https://docs.astral.sh/uv/concepts/authentication/certificates/, and asked: 0.13.
"""

import re

from trust_doctor import openssl
from trust_doctor.rows import Row

WANTED = frozenset(("uv",))
_SETTINGS = ("/etc/uv/uv.toml", ".config/uv/uv.toml")
_SYSTEM = re.compile(r"(?m)^\s*(?:system-certs|native-tls)\s*=\s*(true|false)\b")
_SWITCHES = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
_TRUE = frozenset(("1", "true", "yes", "y", "on", "t"))
_MOST = 200


def rows(host):
    """Yield a row for each uv that is here."""
    seen = set()
    for path in host.found["uv"]:
        if path.endswith("/bin/uv") and host.kind(path) == "file" and len(seen) < _MOST:
            where = host.where(path)
            if where not in seen:
                seen.add(where)
                yield _row(host, where)


def _row(host, where):
    user = host.user_of(where)
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if host.environ.get(name)]
    is_system = _is_system(host, user)
    held, note = [], "its built-in roots"
    if named:
        held, _, _ = openssl.trusted(host, (), ())
        note = " and ".join(named) + " of this environment in the place of its built-in roots"
    elif is_system:
        held, _, _ = openssl.trusted(host, openssl.GO_FILES, openssl.GO_FOLDERS)
        note = "the system's store"
    mend = "" if named or is_system else "export UV_SYSTEM_CERTS=1"
    return Row("python", "uv", where, held, user=user, note=note, mend=mend)


def _is_system(host, user):
    """Tell whether uv takes the system's store: by variable, the user's file or the machine's."""
    for name in _SWITCHES:
        if host.environ.get(name):
            return host.environ[name].lower() in _TRUE
    homes = [home for name, home in host.homes if name == user or not user]
    for path in [*(home + "/" + _SETTINGS[1] for home in homes), _SETTINGS[0]]:
        found = _SYSTEM.findall(host.text(path, 1 << 16))
        if found:
            return found[-1] == "true"
    return False
