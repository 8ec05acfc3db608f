"""What a release says: the CAs that a machine is to trust, and those that it must not."""

import json
from collections import namedtuple

from trust_doctor import der, stores

# `packages` is by target what the organisation calls its package, for the lines that mend.
Expected = namedtuple("Expected", "organisation release authorities packages")
# Times as in der.Certificate; subject is DER, and `name` for people. Of a distrusted CA whose certificate is
# not at hand, subject and key_id are empty.
Authority = namedtuple("Authority", "sha256 name state not_before not_after subject key_id")


class ReleaseError(ValueError):
    """What is to say what to trust cannot be read."""


def of_certificates(ders, states=None):
    """Return the authorities of certificates; `states` by fingerprint, 'active' where nothing is said."""
    found = {}
    for octets in ders:
        each = der.certificate(octets)
        state = (states or {}).get(each.sha256, "active")
        found[each.sha256] = Authority(
            each.sha256, der.subject(each.subject), state, each.not_before, each.not_after, each.subject,
            each.key_id,
        )  # fmt: skip
    return found


def of_archive(data):
    """Return what is expected, from what a release's archive holds, by path; raise ReleaseError."""
    try:
        about = json.loads(data["release.json"].decode("utf-8"))
        blocked = b"".join(data[path] for path in sorted(data) if path.startswith("blocklist/"))
        return of_release(data["certificates.json"], data["roots.pem"], blocked, about["packages"])
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"holds no release that the doctor reads: {error}") from None


def of_release(inventory, trusted, distrusted=b"", packages=None):
    """Return what certificates.json, or a manifest, and PEM beside it say; raise ReleaseError."""
    try:
        said = json.loads(inventory.decode("utf-8"))
        found = of_certificates(stores.pem(trusted))
        found.update(of_certificates(stores.pem(distrusted)))
        for each in said["certificates"]:
            found[each["sha256"]] = _with(found, each, each.get("state") or "active")
        for each in said["distrusted"]:
            found[each["sha256"]] = _with(found, each, "distrusted")
        authorities = sorted(
            found.values(), key=lambda one: (one.state == "distrusted", one.name, one.sha256)
        )
        named = {str(key): str(value) for key, value in (packages or {}).items()}
        return Expected(str(said["organisation"]), str(said["release"]), authorities, named)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"is no release that the doctor reads: {error}") from None


def of_bundle(pem, organisation="", release=""):
    """Return what a plain file of roots says; raise ReleaseError where there is none in it."""
    try:
        found = of_certificates(stores.read(pem) or ())
    except der.DerError as error:
        raise ReleaseError(f"has a certificate that cannot be read: it {error}") from None
    except stores.DamagedError as error:
        raise ReleaseError(str(error).partition(":")[0]) from None
    if not found:
        raise ReleaseError("has no certificates")
    return Expected(organisation, release, sorted(found.values(), key=lambda one: (one.name, one.sha256)), {})


def _with(found, said, state):
    known = found.get(said["sha256"])
    if known is not None:
        return known._replace(state=state, name=said["subject"])
    first, last = (
        "".join(sign for sign in str(said[key]) if sign.isdigit())[:14] for key in ("not_before", "not_after")
    )
    return Authority(str(said["sha256"]), str(said["subject"]), state, first, last, b"", b"")
