"""CAs with domains: no target ships one for all names unasked, and all commands tell of it."""

import datetime as dt
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from builder.lint.limits import heeding
from builder.model import Origin
from builder.prove import authority
from builder.x509.certificate import read
from tests.cli.conftest import World
from tests.lint import forge


def fingerprint(pem: bytes) -> str:
    """Return a CA's SHA-256."""
    return read(ssl.PEM_cert_to_DER_cert(pem.decode()), Origin("roots.pem")).sha256  # type: ignore[union-attr]


def issued(ca: authority.Authority, *, now: dt.datetime) -> bytes:
    """Return a CA that another one has issued."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme Issuing")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ca.key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def limited(world: World, roots: bytes) -> World:
    """Return a folder whose CA is meant for corp.example, and which builds deb and pem."""
    configure(world, roots)
    return world


def configure(world: World, roots: bytes, more: str = "") -> None:
    """Write the configuration."""
    digits = ":".join(fingerprint(roots)[i : i + 2].upper() for i in range(0, 64, 2))
    world.write(
        "trustpack.yaml",
        "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [deb, pem]\n"
        f"lifecycle:\n  authorities:\n    {digits}:\n      domains: [corp.example]\n{more}",
    )


def test_a_target_that_cannot_keep_to_domains_is_not_built(limited: World) -> None:
    """Line, CA, targets and the way out are named; nothing is written."""
    done = limited.run("build")
    assert done.code == 3
    assert done.err.startswith(
        "error: trustpack.yaml:7: Acme Root is meant for corp.example, and deb, pem would trust it for all"
    )
    assert "settings.deb.domains_unenforced" in done.err
    assert limited.files() == []


def test_it_is_where_it_is_allowed(limited: World, roots: bytes) -> None:
    """Each target for itself; the packages' lists say what the CA is meant for."""
    configure(limited, roots, "settings: {pem: {domains_unenforced: allow}}\n")
    assert "and deb would trust it" in limited.run("build").err
    assert limited.run("build", "--target", "pem").code == 0
    manifest = json.loads((limited.folder / "dist/manifest.json").read_text())
    assert manifest["certificates"][0]["domains"] == ["corp.example"]


@pytest.mark.parametrize("kind", ["same key", "issued by it"])
def test_no_other_ca_of_the_bundle_undoes_it(world: World, kind: str) -> None:
    """A key that is certified twice, or what the CA has issued, must have domains, too, if it is trusted."""
    now = dt.datetime.now(dt.UTC)
    root = authority.create("Acme Root", now=now)
    if kind == "same key":
        other = authority.create("Acme Root", now=now, key=root.key).pem
    else:
        other = issued(root, now=now)
    world.write("roots.pem", (root.pem + other).decode())
    settings = "settings: {pem: {domains_unenforced: allow}, deb: {domains_unenforced: allow}}\n"
    configure(world, root.pem, settings)
    config = world.folder / "trustpack.yaml"
    config.write_text(config.read_text().replace("[roots.pem]", "[roots.pem], intermediates: keep"))
    assert world.run("build").code == 0  # no target keeps to domains
    config.write_text(config.read_text().replace("[deb, pem]", "[deb, go, pem]"))
    done = world.run("build")
    assert (done.code, "and would be trusted for all names" in done.err) == (3, True), done.err
    assert "trustpack.yaml:7: Acme Root is meant for corp.example, and roots.pem:" in done.err
    assert f"give {fingerprint(other)} domains, too" in done.err
    for command in ("plan", "lint"):
        assert "  not held to that, for CN=Acme" in world.run(command).out
        (told,) = json.loads(world.run(command, "--json").out)["limits"]["undone"]
        assert (told["sha256"], told["why"]) == (fingerprint(other), kind)
    more = f"authorities:\n    {fingerprint(other)}: {{domains: [a.example]}}"
    config.write_text(config.read_text().replace("authorities:", more))
    done = world.run("build")
    assert done.code == 0, done.err


def test_plan_and_lint_print_the_table(limited: World, roots: bytes) -> None:
    """And have it in their JSON."""
    configure(limited, roots, "settings: {pem: {domains_unenforced: allow}}\n")
    for command in ("plan", "lint"):
        text = limited.run(command)
        assert "  deb  cannot keep to domains: not built, unless settings.deb.domains_unenforced" in text.out
        assert "  pem  cannot keep to domains: trusted for all names" in text.out
        limits = json.loads(limited.run(command, "--json").out)["limits"]
        assert limits["targets"] == {"deb": "refused", "pem": "allowed"}
        assert limits["meant"][0]["domains"] == ["corp.example"]


def limited_root(*, permitted: str) -> bytes:
    """Return a root whose own certificate permits one domain."""
    inner = forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x82, permitted.encode()))))
    extensions = (*forge.GOOD, forge.extension("2.5.29.30", inner, critical=True))
    subject = forge.name("Acme Limited")
    return forge.pem(forge.certificate(subject=subject, issuer=subject, extensions=extensions))


def test_name_constraints_are_shown_as_what_they_are(world: World) -> None:
    """What the certificate itself says is told apart from domains, with the clients that keep to it."""
    kept, ignored = heeding()
    world.write("roots.pem", limited_root(permitted="corp.example").decode())
    world.write(
        "trustpack.yaml", "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem]\n"
    )
    for command in ("plan", "lint"):
        out = world.run(command).out
        assert "CAs whose own certificate constrains names:\n  CN=Acme Limited (" in out
        assert "): permits corp.example\n" in out
        assert f"Kept to by {', '.join(kept)}.\nNot by {', '.join(ignored)}." in out
        assert "cannot keep to domains" not in out
        limits = json.loads(world.run(command, "--json").out)["limits"]
        assert (limits["kept_by"], limits["ignored_by"]) == ([*kept], [*ignored])
        assert [one["permitted"] for one in limits["constrained"]] == [["corp.example"]]
        assert (limits["meant"], limits["targets"]) == ([], {})
    assert world.run("build").code == 0  # no target is held to what the certificate says


def test_inspect_tells_domains_and_name_constraints(world: World, roots: bytes) -> None:
    """Of each package: what its list or its policy says, and what the certificate itself does."""
    limited = limited_root(permitted="lab.example")
    world.write("roots.pem", (roots + limited).decode())
    configure(
        world, roots, "settings: {pem: {domains_unenforced: allow}, deb: {domains_unenforced: allow}}\n"
    )
    named = ("--target", "browsers-deb", "--target", "deb", "--target", "go", "--target", "pem")
    done = world.run("build", *named, "--release", "1")
    assert done.code == 0, done.err
    own, other = fingerprint(roots), fingerprint(limited)
    packages = json.loads(world.run("inspect", "dist", "--json").out)["packages"]
    within, itself = (
        (own, "corp.example", None),
        (other, "", "{'permitted': ['lab.example'], 'excluded': []}"),
    )
    told = {(one["name"], *_limits(each)) for one in packages for each in one["certificates"]}
    names = ("acme-ca-browsers", "acme-ca-certs", "acme.internal/ca", "")
    assert told == {(name, *said) for name in names for said in (within, itself)}
    # A PEM file says nothing but certificates: of it the manifest beside it does, and the site's state.
    world.write("alone.pem", (world.folder / "dist/acme-ca-certs-1.pem").read_text())
    assert world.run("repo", "build", "--unsigned", "--url", "http://127.0.0.1:8000").code == 0
    for path, first in (("alone.pem", (own, "", None)), ("site/bundle.pem", within)):
        (package,) = json.loads(world.run("inspect", path, "--json").out)["packages"]
        assert {_limits(each) for each in package["certificates"]} == {first, itself}
    (world.folder / "dist/manifest.json").write_text("{")
    assert "meant for" not in world.run("inspect", "dist/acme-ca-certs-1.pem").out
    out = world.run("inspect", "dist/acme-ca-certs_1_all.deb").out
    assert f"  Acme Root ({own}): meant for corp.example\n" in out
    assert f"  Acme Limited ({other}): permits lab.example\n" in out
    assert "; not by java\n" in out


def _limits(each: dict[str, object]) -> tuple[object, ...]:
    domains, constraints = each["domains"], each["constraints"]
    assert isinstance(domains, list)
    return each["sha256"], ",".join(domains), constraints and str(constraints)


def test_other_domains_make_a_release(limited: World, roots: bytes) -> None:
    """The lock says so, a build without a new one is refused, and diff tells the difference."""
    allowed = "settings: {deb: {domains_unenforced: allow}, pem: {domains_unenforced: allow}}\n"
    configure(limited, roots, allowed)
    assert limited.run("lock", "--release", "2026.10").code == 0
    assert limited.run("build").code == 0
    (limited.folder / "trustpack.lock").rename(limited.folder / "old.lock")
    limited.write("trustpack.lock", (limited.folder / "old.lock").read_text())
    config = limited.folder / "trustpack.yaml"
    config.write_text(config.read_text().replace("[corp.example]", "[corp.example, lab.example]"))
    refused = limited.run("build")
    assert (refused.code, "was for corp.example" in refused.err) == (11, True)
    locked = limited.run("lock", "--release", "2026.11")
    assert locked.out.startswith("~ CN=Acme Root")
    assert limited.run("build").code == 0
    config.write_text(
        config.read_text().replace("      domains: [corp.example, lab.example]\n", "      owner: me\n")
    )
    widened = limited.run("build")
    assert "for all names, was for corp.example, lab.example" in widened.err
    told = limited.run("diff", "old.lock", "trustpack.lock")
    assert "for corp.example before, for corp.example, lab.example now" in told.out


def test_the_sites_page_says_what_each_target_does(limited: World, roots: bytes) -> None:
    """Beside each CA what it is meant for, and below which packages trust it for all names."""
    allowed = "settings: {pem: {domains_unenforced: allow}}\nsite: http://127.0.0.1:8000\n"
    configure(limited, roots, allowed)
    assert limited.run("build", "--target", "pem").code == 0
    made = limited.run("repo", "build", "--unsigned")
    assert made.code == 0, made.err
    page = (limited.folder / "site/index.html").read_text()
    assert "meant for corp.example" in page
    assert '<th scope="row">pem</th><td><strong>for all names</strong></td>' in page


def test_the_sites_page_says_what_a_certificate_constrains_itself(world: World, roots: bytes) -> None:
    """In its CA's row, as long as the newest release has it; who does not keep to that, is said beside."""
    world.write("roots.pem", (roots + limited_root(permitted="lab.example")).decode())
    config = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [pem]\n"
    world.write("trustpack.yaml", f"{config}site: http://127.0.0.1:8000\n")
    assert world.run("build", "--release", "1").code == 0
    for _ in range(2):  # the second time the roots are those of the site that is there already
        made = world.run("repo", "build", "--unsigned")
        assert made.code == 0, made.err
        page = (world.folder / "site/index.html").read_text()
        assert page.count("its own certificate permits lab.example") == 1
        assert heeding()[1] == ("java",)
        assert "Java, for a root, does not" in page
    world.write("roots.pem", roots.decode())
    assert world.run("build", "--release", "2").code == 0
    assert world.run("repo", "build", "--unsigned").code == 0
    assert "its own certificate" not in (world.folder / "site/index.html").read_text()


def test_a_setting_is_allow_or_refuse(limited: World, roots: bytes) -> None:
    """Anything else is an error at its line."""
    configure(limited, roots, "settings: {pem: {domains_unenforced: yes}}\n")
    done = limited.run("build")
    assert done.code == 3
    assert "'yes' is not one of refuse, allow" in done.err
