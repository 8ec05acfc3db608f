"""The front page as bytes: whole, the same each time, and nothing of anybody's in it unquoted."""

import base64
import datetime as dt
import hashlib
import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from builder.repositories.page import checks, index, verification
from builder.repositories.page.authority import grouped, named, rows
from tests.repositories import pages
from tests.repositories.pages import R2, VIEWS, ca

_TIME = 1796000000


class _Attributes(HTMLParser):
    """Gathers the names of all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag's attributes."""
        del tag
        self.names |= {name for name, _ in attrs}


def text(name: str) -> str:
    """Return the page of a view."""
    return index.render(VIEWS[name](time=_TIME)).decode("utf-8")


@pytest.mark.parametrize("name", VIEWS)
def test_the_same_view_is_the_same_bytes(name: str) -> None:
    """Whoever builds a site anew builds the same page."""
    assert index.render(VIEWS[name](time=_TIME)) == index.render(VIEWS[name](time=_TIME))


@pytest.mark.parametrize("name", VIEWS)
def test_its_policy_allows_its_own_script_and_style_by_their_digests(name: str) -> None:
    """And nothing else: nothing inline, nothing from anywhere, no form and no other base."""
    page = text(name)
    digests = {
        kind: base64.b64encode(
            hashlib.sha256(re.findall(f"<{kind}>(.*?)</{kind}>", page, re.DOTALL)[-1].encode()).digest()
        ).decode()
        for kind in ("style", "script")
    }
    policy = (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; "
        f"script-src 'sha256-{digests['script']}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert f'http-equiv="Content-Security-Policy" content="{policy}"' in page
    assert page.index(policy) < page.index("<style>")
    attributes = _Attributes()
    attributes.feed(page)
    assert {"href", "class", "aria-labelledby"} <= attributes.names
    assert set() == {one for one in attributes.names if one == "style" or one.startswith("on")}


@pytest.mark.parametrize("name", VIEWS)
def test_no_address_leads_a_browser_elsewhere_by_itself(name: str) -> None:
    """Its links are people's to follow; nothing is loaded from one."""
    loaded = re.findall(r"<(?:link|script|img|iframe|use|source|video|object)\b[^>]*>", text(name))
    links = [re.findall(r"(?:href|src|data)=\"([^\"]*)", tag) for tag in loaded]
    assert all(one.startswith(("data:", "#", "feed.atom")) for found in links for one in found)


def test_no_control_turns_the_text_round() -> None:
    """Neither in the page nor in what is copied from it."""
    assert [] == re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text("hostile")
    )


def test_an_unsigned_site_is_said_to_be_unsigned() -> None:
    """At the top, at the keys and at how to verify the page; no client is said to check a signature."""
    page = text("unsigned")
    assert page.count("not signed") >= 2
    assert "published unsigned" in page
    assert "gpgv" not in page
    outcomes = {one for row in checks.of(["apt", "rpm", "gem"], signed=False) for one in row.outcomes[1:]}
    assert {checks.Outcome.UNSIGNED} == outcomes
    assert "not signed" not in text("ordinary")


def test_who_does_not_trust_the_sites_own_certificate_yet_is_sent_to_the_first_install() -> None:
    """Before the lines of each package manager, which need it; not where there is no certificate."""
    view = VIEWS["ordinary"](time=_TIME)
    said = "s own certificate yet?</strong> Then begin "
    page = index.render(view).decode()
    assert f"{said}with the script above, or by giving <a" in page
    assert page.index("install.sh") < page.index(said) < page.index('class="guides"')
    page = index.render(replace(view, first_install=None)).decode()
    assert f"{said}by giving <a" in page
    page = index.render(replace(view, first_install=None, bundle_sha256="")).decode()
    assert f"{said}by making its CA known: these lines" in page
    assert said not in index.render(replace(view, url="http://127.0.0.1:8000")).decode()


def test_the_page_says_that_its_own_digest_proves_nothing() -> None:
    """Where the script's digest is, and where its own fingerprints are."""
    page = text("ordinary")
    assert "read from the same site, it proves nothing" in page
    assert "A page cannot vouch for itself" in page


def test_what_clients_do_not_notice_is_told_of_those_that_the_site_serves() -> None:
    """Of no others."""
    assert ["apt", "Bundler 2.6 and newer", "gem install"] == [
        row.clients for row in checks.of({"apt", "gem"}, signed=True)
    ]
    assert all(len(row.outcomes) == len(checks.ATTACKS) for row in checks.CHECKS)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("CN=Acme Root R1,O=Acme", "Acme Root R1"),
        (r"O=Acme,CN=Acme\, Root \+ 1", "Acme, Root + 1"),
        ("O=Acme Trust,OU=PKI", "Acme Trust"),
        ("OU=CN of nothing,UID=7", "OU=CN of nothing,UID=7"),
        ("CN=,O=Acme", "Acme"),
        ("", "no name"),
        ("CN=a\u202eb", "a\\u202eb"),
        (f"CN={'x' * 500}", f"{'x' * 119}…"),
    ],
)
def test_a_ca_is_called_by_its_common_name(subject: str, name: str) -> None:
    """Else by its organisation's; controls are shown, and endless names end."""
    assert name == named(replace(R2, subject=subject))


def test_cas_are_in_the_order_of_their_states_and_numbers() -> None:
    """Those in use first; R10 comes after R9."""
    given = [("R10", "active"), ("R9", ""), ("9", "active"), ("R1", "retiring"), ("R2", "incoming")]
    cas = tuple(ca(name, 2020, 2030, state=state) for name, state in given)
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert ["9", "R9", "R10", "R2", "R1"] == [row.name for row in rows(cas, None, now)]


def test_groups_of_digits_are_the_digits() -> None:
    """So that a selection of them is a fingerprint."""
    assert ("0b1b2b3b", "4b5b6b7b", "8b") == grouped("0b1b2b3b4b5b6b7b8b")


def test_lines_to_verify_quote_the_address() -> None:
    """Whatever it holds, it is one word; an unsigned site has none."""
    view = replace(pages.view(time=_TIME), url="https://acme.internal/$(reboot)'")
    assert verification.fetching(view).startswith("site='https://acme.internal/$(reboot)'\"'\"''\n")
    unsigned = pages.unsigned(time=_TIME)
    assert ("", "") == (verification.fetching(unsigned), verification.comparing(unsigned))
