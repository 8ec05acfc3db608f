"""What the page shows of a site's state."""

from msgspec.structs import replace

from builder.repositories import page
from builder.repositories.page import SiteView
from builder.repositories.publication import Publication
from builder.repositories.state import PublishedRelease, SiteState
from tests.repositories.pages import DEVELOPMENT, R0, R1, R2, R3, STATE, URL, WEB

_PUBLICATION = Publication(STATE.organisation, URL, 1796000000, 1801000000, 12, None)


def names(certificates: tuple[object, ...]) -> list[str]:
    """Return the names of CAs, sorted."""
    return sorted(str(getattr(one, "subject", "")).split(",")[0].removeprefix("CN=") for one in certificates)


def shown(state: SiteState) -> SiteView:
    """Return the view of a state."""
    return page.of_state(state, _PUBLICATION)


def test_each_release_says_what_it_changed() -> None:
    """The newest first, each against the one before it; the first has all that it begins with."""
    told = {
        one.release: (names(one.added), names(one.removed), names(one.distrusted), one.first)
        for one in shown(STATE).releases
    }
    assert {
        "20261128": (["Acme Root R3"], [], [], False),
        "20261002": ([], [], ["Acme Web CA 2017"], False),
        "20260601": (["Acme Development CA"], ["Acme Root R0"], [], False),
        "20260110": (["Acme Root R0", "Acme Root R1", "Acme Root R2", "Acme Web CA 2017"], [], [], True),
    } == told
    assert ["20261128", "20261002", "20260601", "20260110"] == list(told)


def test_a_withdrawn_release_says_why() -> None:
    """And since when."""
    one = shown(STATE).releases[2]
    assert ("Acme Web CA 2017 was compromised", 1790899200) == (one.withdrawn, one.withdrawn_at)


def test_the_newest_offered_release_says_what_is_trusted() -> None:
    """What an earlier one had, and it has not, is withdrawn."""
    found = shown(STATE)
    assert (R1, R2, R3, DEVELOPMENT, WEB) == found.authorities
    assert (R0,) == found.withdrawn


def test_where_the_newest_is_withdrawn_the_one_before_it_counts() -> None:
    """Its CAs are trusted, and a CA that only the withdrawn one had is not."""
    *before, last = STATE.releases
    found = shown(replace(STATE, releases=(*before, replace(last, withdrawn="a mistake"))))
    assert (R1, R2, DEVELOPMENT, WEB) == found.authorities
    assert (R0, R3) == found.withdrawn


def test_a_release_decides_about_trust_whatever_another_says_of_a_ca() -> None:
    """A CA that is distrusted later is trusted in the release that trusts it, and the other way round."""
    first = replace(STATE.releases[0], certificates=(WEB.sha256,), distrusted=(R2.sha256,))
    found = shown(replace(STATE, releases=(first,)))
    assert [("Acme Web CA 2017", ""), ("Acme Root R2", "distrusted")] == [
        (names((one,))[0], one.state) for one in found.authorities
    ]


def test_of_thousands_of_releases_the_newest_are_told() -> None:
    """The others are counted."""
    many = tuple(PublishedRelease(f"2026.{number}", 0, number, (R2.sha256,)) for number in range(2000))
    found = shown(replace(STATE, releases=many))
    assert (40, 1960, "2026.1999") == (len(found.releases), found.older, found.releases[0].release)
    assert not any(one.added or one.first for one in found.releases)


def test_an_empty_state_has_a_view() -> None:
    """Nothing is trusted, and nothing was released."""
    found = shown(replace(STATE, releases=(), authorities={}))
    assert ((), (), (), ()) == (found.authorities, found.withdrawn, found.releases, found.keys)


def test_a_release_says_which_ca_came_into_another_state() -> None:
    """As a rotation goes: announced, put to use, retiring; what just came is only said to be new."""
    *before, last = STATE.releases
    stage = {R1.sha256: "retiring", R3.sha256: "incoming"}
    after = replace(last, release="20270101", states={R1.sha256: "retiring"})
    found = shown(replace(STATE, releases=(*before, replace(last, states=stage), after)))
    told = [(names(one.incoming), names(one.active), names(one.retiring)) for one in found.releases[:2]]
    assert [([], ["Acme Root R3"], []), ([], [], ["Acme Root R1"])] == told


def test_the_newest_offered_release_says_which_targets_keep_to_domains() -> None:
    """What an older or a withdrawn one did is no matter any more."""
    assert shown(STATE).domains == {
        "browsers": "enforced",
        "deb": "allowed",
        "go": "enforced",
        "rpm": "allowed",
    }
    newest = replace(STATE.releases[-1], domains={})
    assert shown(replace(STATE, releases=(*STATE.releases[:-1], newest))).domains == {}
