"""The names that a CA is meant for, as its owner says: domains of DNS, and networks of addresses.

A domain stands for itself and for every name below it, as in name constraints (RFC 5280 section 4.2.1.10).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?!.*(?:^|\.)[0-9]+$){_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_MAPPED = 96  # bits before an IPv4 address among those of IPv6 (RFC 4291 section 2.5.5.2)
_LONGEST = 253  # characters of a name (RFC 1035 section 2.3.4)


def canonical(text: str) -> str:
    """Return a domain in lower case, or a network as address/prefix: 10.0.0.0/8, 192.0.2.7/32.

    Raises ValueError, whose words say what is wrong, for anything else.
    """
    if re.fullmatch(r"[0-9.]+|.*[:/].*", text):
        return _network(text)
    if text.startswith(("*.", ".")):
        raise ValueError(
            f"write it as {text.removeprefix('*').removeprefix('.')}, which has all names below it"
        )
    if not text.isascii():
        raise ValueError("write it in ASCII, as certificates have it: xn--...")
    if len(text) > _LONGEST or not _NAME.fullmatch(text):
        raise ValueError("is no domain such as corp.example, and no network such as 10.0.0.0/8")
    return text.lower()


def _network(text: str) -> str:
    address, _, prefix = text.partition("/")
    if "%" in text or not re.fullmatch("[0-9]*", prefix):
        raise ValueError("is no network such as 10.0.0.0/8 or 2001:db8::/32")
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("is no network such as 10.0.0.0/8 or 2001:db8::/32") from None
    mapped = getattr(found.network_address, "ipv4_mapped", None)
    if mapped and found.prefixlen >= _MAPPED:
        raise ValueError(f"write it as {mapped}/{found.prefixlen - _MAPPED}, as certificates have it")
    if found.network_address != ipaddress.ip_address(address):
        raise ValueError(f"has more digits than its prefix counts: the network is {found}")
    return str(found)


def ordered(domains: Iterable[str]) -> tuple[str, ...]:
    """Return canonical domains, the names before the networks, each part in its order."""
    return tuple(sorted(domains, key=lambda one: ("/" in one, one)))


def told(domains: Iterable[str]) -> str:
    """Return them as people read them, in one line."""
    return ", ".join(domains)
