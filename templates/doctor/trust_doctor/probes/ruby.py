"""Ruby: rubies with an OpenSSL of their own, gems that bring roots of their own, and our gem.

A distribution's Ruby reads the system's store, which has rows of its own.
"""

import shlex

from trust_doctor import mends, openssl
from trust_doctor.probes.python import organisation
from trust_doctor.rows import Row

WANTED = frozenset(("roots.pem", "cacert.pem"))
_OWN_OPENSSL = (
    (".rbenv/versions/*/openssl/ssl", "rbenv"),
    (".rubies/*/openssl/ssl", "ruby-install"),
    (".rvm/usr/ssl", "RVM"),
    (".asdf/installs/ruby/*/openssl/ssl", "asdf"),
    (".local/share/mise/installs/ruby/*/openssl/ssl", "mise"),
)
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def rows(host):
    """Yield rows for the stores that a Ruby or a gem has of its own."""
    for _, home in host.homes:
        for pattern, manager in _OWN_OPENSSL:
            for folder in host.glob(home + "/" + pattern):
                yield _ruby(host, folder, manager)
    for path in host.found["cacert.pem"]:
        if "/gems/httpclient-" in path and path.endswith("/lib/httpclient/cacert.pem"):
            yield _httpclient(host, path)
    for path in host.found["roots.pem"]:
        folder = path.rsplit("/", 1)[0]
        if host.exists(folder + "/trust.rb") and host.exists(folder + "/about.json"):
            yield _gem(host, path, folder)


def _ruby(host, folder, manager):
    held, where, named = openssl.trusted(host, [folder + "/cert.pem"], [folder + "/certs"], by_hash=True)
    return Row(
        "ruby",
        "Ruby's own OpenSSL ({})".format(manager),
        where or folder + "/cert.pem",
        held,
        effective=len(named) < len(_VARIABLES),
        shadowed_by=" and ".join(named) + " in this environment" if named else "",
        user=host.user_of(folder),
        mend=mends.gem(host),
    )


def _httpclient(host, path):
    named = [name for name in _VARIABLES if host.environ.get(name)]
    return Row(
        "ruby",
        "httpclient's own roots",
        path,
        host.certificates(path) or [],
        effective=False if named else None,
        shadowed_by=", ".join(named),
        user=host.user_of(path),
        note="releases of httpclient differ in whether they read it by default",
        replaces=False,
    )


def _gem(host, path, folder):
    """Return the row of our gem: the gem command loads it by its plugin, a program by one line."""
    steps = folder.split("/")
    if "gems" not in steps:
        name, home = steps[-1], ""
    else:
        at = len(steps) - 1 - steps[::-1].index("gems")
        name, home = steps[at + 1] if at + 1 < len(steps) else steps[-1], "/".join(steps[:at])
    gem = name.rpartition("-")[0] or name
    has_plugin = bool(home) and host.exists("{}/plugins/{}_plugin.rb".format(home, gem))
    is_ours = organisation(host, folder + "/certificates.json") == host.organisation
    return Row(
        "ruby",
        "gem " + name,
        path,
        host.certificates(path) or [],
        effective=True if has_plugin else None,
        user=host.user_of(path),
        note=("the gem command trusts it; " if has_plugin else "") + "programs do once they require it",
        mend="gem update {}".format(shlex.quote(gem)) if is_ours else "",
        replaces=is_ours,
    )
