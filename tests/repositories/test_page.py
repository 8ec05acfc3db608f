"""The front page in a real browser: everybody can read it, and it asks for nothing."""

from __future__ import annotations

import hashlib
import html
import http.server
import json
import os
import re
import subprocess
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.doctor import hosts_page
from builder.render.shipped import ROOT
from builder.repositories import page as pages_of_sites
from builder.repositories.page import feed
from builder.repositories.publication import Publication
from tests.host_documents import document, machine
from tests.repositories import chromium, pages
from tests.repositories.pages import SIZES, VIEWS
from tests.tools import NO_HOME, require
from tests.unit.doctor.reports import NASTY, hostile, judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.repositories.publication import SiteKeys
    from tests.repositories.chromium import Browser, Page
    from tests.repositories.sites import Releases, Site

_MODULES = Path(__file__).parents[1] / "runtime" / "npm" / "node_modules"
_VALIDATOR = _MODULES / "html-validate" / "bin" / "html-validate.mjs"
_BIOME = _MODULES / "@biomejs" / "cli-linux-x64" / "biome"
_SITE = ROOT / "templates" / "site"
_AXE = _MODULES / "axe-core" / "axe.min.js"
# The roles of the tables with certificates are said once more: on a phone their rows are no table's by style,
# and browsers then forget them.
_RULES = {"no-redundant-role": "off", "long-title": "off"}
# Ruby's own library holds a feed to RFC 4287: what must be there, how often, and which form it has.
_READ = """
feed = RSS::Parser.parse(STDIN.read, true)
puts feed.feed_type, feed.entries.length, feed.updated.content.utc.iso8601
"""
_TABBABLE = "a[href], button, input, summary, [tabindex='0']"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        """Say nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write each page of pages.VIEWS, and an ordinary one that is out of date."""
    made = tmp_path_factory.mktemp("pages")
    now = int(time.time())
    for name, view in VIEWS.items():
        (made / f"{name}.html").write_bytes(pages_of_sites.render(view(time=now)))
    old = pages.view(time=now - 100 * 86_400)
    (made / "frozen.html").write_bytes(pages_of_sites.render(old))
    silent = [document("half", complete=False), document("copy", host={"machine": machine("half")})]
    hosts = judged(*map(hostile, NASTY), *silent, document("web-1"), listed=("web-1", "web-2", "x\\"))
    (made / "hosts.html").write_text(
        hosts_page.as_page(hosts).replace("<details>", "<details open>"), "utf-8"
    )
    return made


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Serve the folder on loopback."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Start one browser for all tests; each opens its own tabs."""
    with chromium.started(tmp_path_factory.mktemp("profile")) as started:
        yield started


def module(file: Path) -> Path:
    """Return a file of an npm package; where it is missing, skip the test, or fail it in CI."""
    if not file.exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{file}: tests/run installs it")
    return file


@pytest.mark.parametrize("name", [*VIEWS, "frozen", "hosts"])
def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, address: str, name: str) -> None:
    """One request, and nothing on the console: no error, no warning, no violation of its policy."""
    url = f"{address}/{name}.html"
    tab = browser.page(url)
    assert [url] == tab.requests()
    assert [] == tab.complaints()
    tab.close()


@pytest.mark.parametrize("name", [*VIEWS, "hosts"])
def test_it_fits_every_screen_in_light_and_dark(browser: Browser, address: str, name: str) -> None:
    """Nothing is wider than the window, and the paper is as bright as the reader wants it."""
    tab = browser.page(f"{address}/{name}.html")
    for width, height in (*SIZES.values(), (320, 640)):
        tab.size(width, height)
        assert width == tab.evaluate("document.documentElement.scrollWidth")
    for dark, brightness in ((False, (253, 253, 251)), (True, (18, 22, 23))):
        tab.scheme(dark=dark)
        colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert f"rgb{brightness}" == colour
    tab.close()


@pytest.mark.parametrize("name", ["ordinary", "hostile", "unsigned", "frozen", "hosts"])
def test_axe_finds_nothing(browser: Browser, address: str, name: str) -> None:
    """Contrast, names, roles, headings, landmarks: axe-core's rules are kept, its best practices too."""
    tab = browser.page(f"{address}/{name}.html")
    tab.evaluate(module(_AXE).read_text("utf-8") + ";0")
    for width, height in (SIZES["desktop"], SIZES["phone"]):
        tab.size(width, height)
        for dark in (False, True):
            tab.scheme(dark=dark)
            found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
            faults = {one["id"]: [node["html"] for node in one["nodes"]] for one in found["violations"]}
            assert {} == faults
            assert len(found["passes"]) > 20
    tab.close()


@pytest.mark.parametrize("name", ["ordinary", "hostile", "unsigned", "hosts"])
def test_it_is_valid_html(folder: Path, tmp_path: Path, name: str) -> None:
    """html-validate, with all that it recommends, finds nothing."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"root": True, "extends": ["html-validate:recommended"], "rules": _RULES}))
    command = [require("node"), str(module(_VALIDATOR)), "--config", str(rules)]
    command += ["-f", "text", str(folder / f"{name}.html")]
    done = subprocess.run(
        command, env={"HOME": NO_HOME}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ("", 0) == (done.stdout, done.returncode), done.stderr


def test_its_script_and_style_are_clean() -> None:
    """Biome finds no fault in them, warnings included."""
    # What is hidden stays so; and rules are in the order of the page, not of how much they weigh.
    skipped = ("--skip=lint/complexity/noImportantStyles", "--skip=lint/style/noDescendingSpecificity")
    command = [str(module(_BIOME)), "check", "--error-on-warnings", *skipped]
    command += [f"--config-path={_MODULES.parent}", *(str(_SITE / name) for name in ("page.js", "page.css"))]
    done = subprocess.run(command, env={"HOME": NO_HOME}, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_only_its_own_script_and_style_run(browser: Browser, address: str) -> None:
    """Whatever markup came into it, the policy refuses: scripts, styles, handlers, pictures and frames."""
    tab = browser.page(f"{address}/ordinary.html")
    tab.evaluate(
        "document.body.insertAdjacentHTML('beforeend', `<img src='/x.png' onerror='window.taken = 1'>"
        "<iframe src='/unsigned.html'></iframe><p id='styled' style='color: rgb(1, 2, 3)'>x</p>"
        "<link rel='stylesheet' href='/x.css'>`);"
        "const script = document.createElement('script'); script.textContent = 'window.taken = 2';"
        "document.body.append(script); new Promise(done => setTimeout(done, 200))"
    )
    assert tab.evaluate("typeof window.taken") == "undefined"
    assert "rgb(1, 2, 3)" != tab.evaluate("getComputedStyle(document.getElementById('styled')).color")
    refused = [one["issue"]["details"] for one in tab.complaints() if "issue" in one]
    assert len([one for one in refused if "contentSecurityPolicyIssueDetails" in one]) >= 5
    assert (
        tab.evaluate("performance.getEntriesByType('resource').filter(one => one.transferSize).length") == 0
    )
    tab.close()


def test_hostile_text_stays_text(browser: Browser, address: str) -> None:
    """Names with markup are shown letter by letter, controls as escapes, and no link leads into a script."""
    tab = browser.page(f"{address}/hostile.html")
    shown = pages.HOSTILE.replace("\u202e", "\\u202e").replace("\a", "\\u0007")
    assert shown == tab.evaluate("document.querySelector('h1').textContent")
    assert f"CA certificates of {shown}" == tab.evaluate("document.title")
    assert [1, 0, 0] == tab.evaluate(
        "['script', 'img, iframe, object, form', '[href^=javascript]'].map("
        "one => document.querySelectorAll(one).length)"
    )
    assert f"{shown}\n{shown}\n" == tab.evaluate("document.querySelector('.panel pre code').textContent")
    tab.close()


def copied(browser: Browser, address: str) -> str:
    """Return what is on the clipboard, as another page reads it."""
    tab = browser.page(f"{address}/unsigned.html")
    text = tab.evaluate("navigator.clipboard.readText()")
    tab.close()
    return str(text)


@pytest.mark.parametrize("host", ["127.0.0.1", chromium.PLAIN_HOST], ids=["clipboard", "plain http"])
def test_each_button_copies_what_stands_beside_it(browser: Browser, address: str, host: str) -> None:
    """Fingerprints as bare digits, commands line by line; where http gives no clipboard object, too."""
    allowed = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    browser.call("Browser.grantPermissions", permissions=allowed, origin=address)
    tab = browser.page(f"{address.replace('127.0.0.1', host)}/ordinary.html")
    assert (host == "127.0.0.1") == tab.evaluate("isSecureContext")
    wanted = {
        "Copy the SHA-256 of Acme Root R3": pages.R3.sha256,
        "Copy the fingerprint of the current OpenPGP key": pages.KEYS[0].fingerprint,
        "Copy the Set up once: lines for Debian, Ubuntu": pages.GUIDES[0].instructions.setup,
    }
    for label, text in wanted.items():
        tab.click(f"button[aria-label='{label}']")
        tab.evaluate("new Promise(done => setTimeout(done, 50))")
        assert text == copied(browser, address)
        assert label.replace("Copy", "Copied") == tab.evaluate("document.getElementById('said').textContent")
    assert tab.evaluate(
        "[...document.querySelectorAll('button.copy')].every(one => one.getAttribute('aria-label')"
        " && document.querySelectorAll(`button[aria-label='${one.ariaLabel}']`).length === 1)"
    )
    tab.close()


def test_without_javascript_everything_is_there(browser: Browser, address: str) -> None:
    """Each guide, each command and each digest is seen, nothing pretends to be a button, and text is text."""
    tab = browser.page(f"{address}/ordinary.html", javascript=False)
    assert [] == tab.complaints()
    assert [len(pages.GUIDES), 0, 0] == tab.evaluate(
        "[[...document.querySelectorAll('.panel')].filter(one => one.offsetHeight > 0).length,"
        "document.querySelectorAll('button').length,"
        "[...document.querySelectorAll('[data-copy]')].filter(one => one.offsetHeight === 0).length]"
    )
    for selector, text in (
        ("#install-apt pre", pages.GUIDES[0].instructions.setup),
        (".authorities .hex", pages.DEVELOPMENT.sha256),
    ):
        tab.evaluate(f"getSelection().selectAllChildren(document.querySelector({json.dumps(selector)}))")
        assert text.rstrip("\n") == tab.evaluate("getSelection().toString()").rstrip("\n")
    tab.close()


def shown_panels(tab: Page) -> list[str]:
    """Return the guides that are seen."""
    found: list[str] = tab.evaluate(
        "[...document.querySelectorAll('.panel')].filter(one => one.offsetHeight).map(one => one.id)"
    )
    return found


def test_the_readers_own_system_comes_first(browser: Browser, address: str) -> None:
    """It is opened, and first among the systems; a link, or an address with #, opens another one."""
    for agent, own in (("Macintosh; Intel Mac OS X 10_15", "brew"), ("X11; Fedora; Linux x86_64", "dnf")):
        tab = browser.page("about:blank")
        tab.call("Emulation.setUserAgentOverride", userAgent=f"Mozilla/5.0 ({agent})")
        tab.open(f"{address}/ordinary.html")
        assert [f"install-{own}"] == shown_panels(tab)
        assert f"#install-{own}" == tab.evaluate("document.querySelector('.chooser a').hash")
        tab.click(".chooser a[href='#install-npm']")
        assert ["install-npm"] == shown_panels(tab)
        assert "Node.js: npm" == tab.evaluate("document.activeElement.textContent")
        tab.close()
    tab = browser.page(f"{address}/ordinary.html#install-pip")
    assert ["install-pip"] == shown_panels(tab)
    tab.close()


def test_the_keyboard_reaches_everything_in_its_order(browser: Browser, address: str) -> None:
    """The first stop leads past the head; then each link and button follows in its order, and is seen."""
    tab = browser.page(f"{address}/ordinary.html")
    expected = tab.evaluate(
        f'window.stops = [...document.querySelectorAll("{_TABBABLE}")].filter(one => one.offsetHeight);'
        "stops.length"
    )
    found = []
    for _ in range(expected):
        tab.press("Tab", code=9)
        found.append(
            tab.evaluate(
                "[stops.indexOf(document.activeElement),"
                "getComputedStyle(document.activeElement).outlineStyle !== 'none']"
            )
        )
    assert [[number, True] for number in range(expected)] == found
    tab.evaluate("stops[0].focus()")
    tab.press("Enter", code=13, text="\r")
    assert "main" == tab.evaluate("document.activeElement.id")
    tab.close()


def test_a_screen_reader_finds_tables_on_a_phone_too(browser: Browser, address: str) -> None:
    """Rows, their headers and cells keep their roles where they are not drawn as a table."""
    width, height = SIZES["phone"]
    tab = browser.page(f"{address}/ordinary.html", width=width, height=height)
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles: list[str] = [node["role"]["value"] for node in nodes if not node["ignored"]]
    # Two tables of certificates (2 + 6 rows), one of who keeps to domains (1 + 4), one of the proof (1 + 4),
    # one of what clients check (1 + 7).
    assert (5, 2 + 6 + 1 + 4 + 1 + 4 + 1 + 7) == (roles.count("table"), roles.count("row"))
    names = {node.get("name", {}).get("value") for node in nodes if node["role"]["value"] == "rowheader"}
    assert any("Acme Root R3" in str(name) for name in names)
    tab.close()


def test_a_page_that_is_out_of_date_says_so(browser: Browser, address: str) -> None:
    """Whoever is shown an old site sees it, by the reader's own clock; on a good one nothing is said."""
    seen = {}
    for name in ("ordinary", "frozen"):
        tab = browser.page(f"{address}/{name}.html")
        seen[name] = tab.evaluate("document.getElementById('frozen').offsetHeight > 0")
        tab.close()
    assert {"ordinary": False, "frozen": True} == seen


def test_a_thousand_certificates_can_be_searched(browser: Browser, address: str) -> None:
    """By a part of a name, or by digits of a fingerprint as openssl prints them."""
    tab = browser.page(f"{address}/crowded.html")
    digits = pages.digest("Acme Root 777")
    for word, count in (("root 99", 11), (":".join([digits[:2], digits[2:4], digits[4:6]]).upper(), 1)):
        tab.evaluate("document.querySelector('input').select()")
        tab.call("Input.insertText", text=word)
        rows = "[...document.querySelectorAll('.authorities')[0].tBodies[0].rows]"
        assert count == tab.evaluate(f"{rows}.filter(one => one.offsetHeight).length")
    tab.close()


def test_on_paper_every_guide_is_there_and_no_button(browser: Browser, address: str) -> None:
    """What JavaScript has put away is printed all the same."""
    tab = browser.page(f"{address}/ordinary.html")
    tab.scheme(dark=False, media="print")
    assert len(pages.GUIDES) == len(shown_panels(tab))
    assert 0 == tab.evaluate(
        "[...document.querySelectorAll('button, .chooser, .contents')].filter(one => one.offsetHeight).length"
    )
    tab.close()


@pytest.mark.parametrize(
    ("name", "count"), [("ordinary", 5), ("hostile", 2), ("unsigned", 0), ("crowded", 1)]
)
def test_another_reader_takes_the_feed(name: str, count: int, tmp_path: Path) -> None:
    """With as many entries as there are releases and withdrawals."""
    done = subprocess.run(
        [require("ruby"), "-rrss", "-rtime", "-e", _READ],
        input=feed.render(VIEWS[name](time=int(time.time()))),
        capture_output=True,
        env={"HOME": NO_HOME, "LANG": "C.UTF-8"},
        cwd=tmp_path,
        check=False,
    )
    assert b"" == done.stderr
    assert ["atom", str(count)] == done.stdout.decode().split()[:2]


def test_it_has_the_fingerprint_of_each_key(site_keys: SiteKeys) -> None:
    """OpenPGP's as gpg has them, apk's by their files, those for statements by their keys; with roles."""
    owner = pages.STATE.organisation
    publication = Publication(owner, pages.URL, 1796000000, 1801000000, 12, site_keys)
    keys = pages_of_sites.of_state(pages.STATE, publication).keys
    kinds = [(kind, role) for kind in ("OpenPGP", "apk", "statements") for role in ("current", "next")]
    assert kinds == [(one.kind, one.role) for one in keys]
    assert list(site_keys.certificates) == [one.fingerprint for one in keys[:2]]
    assert {"acme.asc"} == {one.file for one in keys[:2]}
    digests = {name: hashlib.sha256(pem).hexdigest() for name, pem in site_keys.apk_keys.items()}
    assert digests == {one.file: one.fingerprint for one in keys[2:4]}
    assert [*site_keys.statement_keys] == [one.file for one in keys[4:]]
    for one in keys[4:]:
        der = ["openssl", "pkey", "-pubin", "-outform", "DER"]
        key = subprocess.run(der, input=site_keys.statement_keys[one.file], check=True, capture_output=True)
        assert hashlib.sha256(key.stdout).hexdigest() == one.fingerprint


def lines(site: Site) -> list[str]:
    """Return the two blocks of lines by which the page of a site says how to verify it."""
    section = (site.folder / "index.html").read_text("utf-8").partition('<section id="verify"')[2]
    found = re.findall("<pre.*?>(.*?)</pre>", section.partition("</section>")[0], re.DOTALL)
    return [html.unescape(re.sub("<.*?>", "", block)) for block in found]


def verified(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines in a new folder, which is the home, too; the first that fails ends it."""
    folder.mkdir()
    require("curl")
    require("gpgv")
    environment = {"HOME": str(folder), "PATH": os.defpath, "LANG": "C.UTF-8"}
    command = ["sh", "-e", "-c", text]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_lines_on_the_page_verify_it(
    open_site: Callable[..., Site], releases: Releases, site_keys: SiteKeys, tmp_path: Path
) -> None:
    """They show both keys and end with the page's name; a page that was touched has no such line."""
    site = open_site(releases.first)
    first, second = lines(site)
    done = verified(first + second, tmp_path / "good")
    assert (0, "index.html") == (done.returncode, done.stdout.splitlines()[-1].rpartition(" ")[2])
    shown = done.stdout.replace(" ", "")
    assert [True, True] == [fingerprint in shown for fingerprint in site_keys.certificates]
    page = (site.folder / "index.html").read_bytes()
    site.overwrite("index.html", page.replace(b"active", b"Active", 1))
    assert 0 != verified(first + second, tmp_path / "changed").returncode
    site.overwrite("index.html", page)
    status = (site.folder / "trustpack" / "status").read_bytes()
    site.overwrite("trustpack/status", status.replace(b'"counter": 1', b'"counter": 9'))
    done = verified(first + second, tmp_path / "forged")
    assert 0 != done.returncode
    assert "BAD signature" in done.stderr


def test_the_page_of_a_real_site_is_as_good(
    browser: Browser, open_site: Callable[..., Site], releases: Releases
) -> None:
    """With the lines of every ecosystem: one request, no complaint, and nothing for axe to find."""
    site = open_site(releases.first)
    site.add(releases.second)
    site.retire(releases.first)
    tab = browser.page(f"{site.url}/")
    assert [f"{site.url}/"] == tab.requests()
    assert [] == tab.complaints()
    tab.evaluate(module(_AXE).read_text("utf-8") + ";0")
    assert [] == tab.evaluate("axe.run().then(found => found.violations.map(one => one.id))")
    assert {"install-apt", "install-dnf", "install-apk", "install-brew", "install-pip", "install-npm"} < set(
        tab.evaluate("[...document.querySelectorAll('.panel')].map(one => one.id)")
    )
    assert ["2026.11", "2026.10"] == tab.evaluate(
        "[...document.querySelectorAll('.releases h3')].map(one => one.firstChild.data.trim())"
    )
    for width, height in (*SIZES.values(), (320, 640)):
        tab.size(width, height)
        assert width == tab.evaluate("document.documentElement.scrollWidth")
    tab.close()
