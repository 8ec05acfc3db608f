"""What Debian's own clients make of the system's store, where it is not what its programs on OpenSSL do.

Measured on Debian 11 to 13, and asked again by tests/doctor. OpenSSL reads the bundle and the folder by hash;
so does curl if the bundle has a certificate, and else refuses every server; apt on GnuTLS reads the bundle
alone; wget the bundle, or all files of the folder where that has none; git all files of the folder, and
refuses every server without a bundle if its library was built to read that.
"""

from trust_doctor import clients, machine, mends, openssl
from trust_doctor.host import digest
from trust_doctor.rows import Row

WANTED = frozenset()
_WITHOUT = "the bundle is missing, or no certificate can be read of it: {}"


def rows(host):
    """Yield a row for each client that is there and differs, and one of what git alone finds."""
    if not machine.family(host) & {"debian", "ubuntu"}:
        return
    bundle = clients.bundle(host)
    hashed = openssl.hashed(host, clients.FOLDER)
    by_openssl = set(bundle) | set(hashed)
    for client, found, why in _read(host, bundle, by_openssl):
        if _ours(host, found) != _ours(host, by_openssl):
            mend = mends.system(host) if bundle else "update-ca-certificates"
            yield Row(
                client, "the system's store, where nothing else is named", clients.BUNDLE, sorted(found),
                note=why, mend=mend,
            )  # fmt: skip
    everything = host.certificates(clients.FOLDER, pem_alone=True, plain=True) or ()
    further = [each for each in everything if each not in by_openssl]
    if further:
        note = "lie there without a name by hash: git reads them, programs on OpenSSL do not"
        yield Row("git", "further files of the folder", clients.FOLDER, further, replaces=False, note=note)


def _read(host, bundle, by_openssl):
    """Yield (client, its certificates, why they are others) for those that may differ."""
    named = host.environ.get("SSL_CERT_FILE") or host.environ.get("CURL_CA_BUNDLE")
    if clients.curl_refuses(host) and not named:
        yield "curl", set(), _WITHOUT.format("curl then refuses every server")
    plain, damaged = clients.by_gnutls(host)
    folder = set(host.certificates(clients.FOLDER, pem_alone=True, plain=True) or ())
    without_it = damaged and clients.has_compiled_in(host, "git", clients.BUNDLE)
    of_git = set() if without_it else folder | plain
    for client, found in (("apt", plain), ("wget", plain or folder), ("git", of_git)):
        if clients.library(host, client) != "GnuTLS" or (client == "git" and found > by_openssl):
            continue
        why = clients.PASSED_OVER.format(client) if bundle else _WITHOUT.format(client + " trusts none of it")
        yield client, found, why


def _ours(host, found):
    """Return which of the organisation's CAs are among certificates."""
    return {digest(each) for each in found} & set(host.ours)
