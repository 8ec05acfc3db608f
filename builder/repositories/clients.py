"""What a machine gets so that its package manager uses the site: the one module that knows these texts.

`names` are the packages that the site offers to that package manager, ORG-repository among them: no others
may come from it, where the package manager can be told so (zypper cannot).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.render.naming import is_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.model import Organisation
    from builder.repositories.publication import Publication

# apt's suite and component are the site's; pacman's repository is named after the organisation.
SUITE, COMPONENT = "stable", "main"


def repository(organisation: Organisation) -> str:
    """Return what the package that holds these files is called."""
    return f"{organisation.slug}-repository"


def usual(organisation: Organisation) -> str:
    """Return what the recipes for systems call the package of the CAs, if the configuration does not."""
    return f"{organisation.slug}-ca-certs"


def for_browsers(name: str) -> bool:
    """Tell whether a package is for browsers, as the names of all of these say, and of no other."""
    return name.endswith("-browsers")


def not_for_browsers(name: str) -> bool:
    """Tell the contrary: of a release's packages these come first."""
    return not for_browsers(name)


def usual_for_browsers(organisation: Organisation) -> str:
    """Return what the recipes call the package of browsers' policies, if the configuration does not."""
    return f"{organisation.slug}-ca-browsers"


def sees_policies(name: str) -> str:
    """Return the line that shows that browsers will find their policies."""
    return f"grep -l CACertificates /etc/chromium/policies/managed/{name}.json\n"


def certificate(organisation: Organisation) -> str:
    """Return the path of the public OpenPGP keys below the site's root."""
    return f"{organisation.slug}.asc"


# Beside what removes the package of the system and the site's own, where the site has packages for browsers.
KEEPING = "Keep {} as long as {} is installed: without it no later release of that reaches the machine."
# What matters to whoever lets browsers trust by a package.
BROWSER_NOTES = (
    "Chromium, Chrome and Edge read policies when they start, and say from then on that they are managed.",
    "Firefox takes nothing from it: its documentation has an example of a policy for that.",
)


# --- where the files lie on a machine -----------------------------------------------------------------------


def apt_key(organisation: Organisation) -> str:
    """Return where apt's public keys lie."""
    return f"/usr/share/keyrings/{repository(organisation)}.asc"


def apt_sources(organisation: Organisation) -> str:
    """Return where apt's source lies."""
    return f"/etc/apt/sources.list.d/{organisation.slug}.sources"


def apt_preferences(organisation: Organisation) -> str:
    """Return where it lies what apt takes from the site; a file there has no dot in its name."""
    return f"/etc/apt/preferences.d/{organisation.slug}"


def apt_unattended(organisation: Organisation) -> str:
    """Return where unattended-upgrades is told of the site: after its own file, 50unattended-upgrades."""
    return f"/etc/apt/apt.conf.d/52{repository(organisation)}"


def rpm_key(organisation: Organisation) -> str:
    """Return where the public keys for dnf and zypper lie."""
    return f"/etc/pki/rpm-gpg/RPM-GPG-KEY-{organisation.slug}"


def dnf_repository(organisation: Organisation) -> str:
    """Return where dnf's repository lies."""
    return f"/etc/yum.repos.d/{organisation.slug}.repo"


def zypper_repository(organisation: Organisation) -> str:
    """Return where zypper's repository lies."""
    return f"/etc/zypp/repos.d/{organisation.slug}.repo"


def apk_key(name: str) -> str:
    """Return where a public key for apk lies, by the key's file name."""
    return f"/etc/apk/keys/{name}"


def apk_repository(organisation: Organisation) -> str:
    """Return where apk's repository lies: a file of its own, as apk 2.12 and newer read."""
    return f"/etc/apk/repositories.d/{organisation.slug}.list"


# --- what is in them ----------------------------------------------------------------------------------------


def sources(publication: Publication, names: Iterable[str]) -> str:
    """Return the .sources file of deb822 (sources.list(5)).

    Its key is a file's path: apt before 2.3.10 stops altogether where a source carries its key inside. Only
    apt 3.1 and newer know Include; what older ones take from the site the preferences say.
    """
    signed = f"Signed-By: {apt_key(publication.organisation)}" if publication.keys else "Trusted: yes"
    return (
        f"Types: deb\nURIs: {publication.url}/deb/\nSuites: {SUITE}\nComponents: {COMPONENT}\n"
        f"Include: {' '.join(sorted(names))}\n{signed}\n"
    )


def preferences(publication: Publication, names: Iterable[str]) -> str:
    """Return what apt may take from the site (apt_preferences(5)): its own packages alone.

    990 is what the system's own release gets at most: nobody else's package of that name comes instead.
    """
    origin = f"Pin: release o={publication.organisation.slug},l={publication.organisation.slug}\n"
    return (
        f"Package: *\n{origin}Pin-Priority: -1\n\n"
        f"Package: {' '.join(sorted(names))}\n{origin}Pin-Priority: 990\n"
    )


def unattended(publication: Publication) -> str:
    """Return the lines that let unattended-upgrades take what the site brings."""
    slug = publication.organisation.slug
    return f'Unattended-Upgrade::Origins-Pattern {{ "origin={slug},label={slug}"; }};\n'


def dnf(publication: Publication, names: Iterable[str]) -> str:
    """Return the .repo file for dnf 4 and dnf5 (dnf.conf(5)).

    Its metadata is looked at again after six hours, not two days. A site that does not answer stops no
    upgrade of others.
    """
    fields = {
        "mirrorlist": f"{publication.url}/rpm/mirrorlist",
        "includepkgs": ",".join(sorted(names)),
        # A package of that name elsewhere, whose priority is 99, does not come instead.
        "priority": "90",
        "metadata_expire": "6h",
        "skip_if_unavailable": "1",
    }
    return _repo(publication, fields)


def zypper(publication: Publication, *, checking: bool = True) -> str:
    """Return the .repo file for zypper.

    It knows no includepkgs. With a priority below the distribution's (99), a name that both have is taken
    from there, whatever its version. Without `checking`, who answers as the site is not looked at.
    """
    address = {"mirrorlist": f"{publication.url}/rpm/mirrorlist"}
    if not checking:
        address = {"baseurl": f"{publication.url}/rpm/?ssl_verify=no"}
    return _repo(publication, {**address, "autorefresh": "1", "priority": "120"})


def _repo(publication: Publication, fields: Mapping[str, str]) -> str:
    slug = publication.organisation.slug
    check = "1" if publication.keys else "0"
    key = {"gpgkey": f"file://{rpm_key(publication.organisation)}"} if publication.keys else {}
    every = {"name": slug, "enabled": "1", **fields, "gpgcheck": check, "repo_gpgcheck": check, **key}
    return f"[{slug}]\n" + "".join(f"{name}={value}\n" for name, value in every.items())


def apk(publication: Publication) -> str:
    """Return the line of apk's repositories (apk-repositories(5)).

    The tag keeps all packages of the site from being taken but those asked for as NAME@TAG.
    """
    return f"@{apk_tag(publication.organisation)} {publication.url}/apk\n"


def apk_tag(organisation: Organisation) -> str:
    """Return the tag behind which apk keeps the site's packages."""
    return organisation.slug


def pacman(publication: Publication) -> str:
    """Return the section of pacman.conf(5), to stand below the distribution's: the first one wins."""
    level = "Required DatabaseRequired TrustedOnly" if publication.keys else "Never"
    return (
        f"[{publication.organisation.slug}]\nSigLevel = {level}\n"
        f"Server = {publication.url}/arch\nUsage = Sync Search Install Upgrade\n"
    )


# --- as commands --------------------------------------------------------------------------------------------


def written(path: str, text: str) -> str:
    """Return the shell lines with which root writes a file that has no line EOF."""
    return f"sudo tee {path} >/dev/null <<'EOF'\n{text}EOF\n"


def checked(url: str, path: str, sha256: str) -> str:
    """Return the shell lines with which root fetches a file, to keep it only where it has that digest.

    In a file of its own nobody else can change it between the comparison and the rest.
    """
    return f'{fetched(url, sha256)} && sudo install -D -m 644 "$new" {path}\n'


def fetched(url: str, sha256: str, program: str = "curl -fsSLo") -> str:
    """Return the shell lines that fetch a file into $new, and succeed where it has that digest."""
    return f'new=$(mktemp) && {program} "$new" {url}\necho "{sha256}  $new" | sha256sum -c -'


def own(names: Iterable[str], organisation: Organisation) -> Sequence[str]:
    """Return what may be taken from the site: ORG-repository, and those of `names` that are its.

    As in the configuration, the slug is in its packages' names as whole words. Whatever else comes to
    be in the site's index is nothing that machines are told to take.
    """
    slug = organisation.slug
    return sorted({*(name for name in set(names) if is_own(name, slug)), repository(organisation)})
