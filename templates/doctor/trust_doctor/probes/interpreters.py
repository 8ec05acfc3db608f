"""With --run: what each interpreter says itself that it trusts, with no variable set."""

from trust_doctor import asked, mends
from trust_doctor.probes import java, node
from trust_doctor.rows import Row

WANTED = frozenset(("site-packages", "cacerts", "roots.pem"))
_PYTHONS = ("/usr/bin/python3", "/usr/local/bin/python3")
_RUBIES = ("/usr/bin/ruby", "/usr/local/bin/ruby", "/opt/rubies/*/bin/ruby")
_OF_HOMES = (".rbenv/versions/*/bin/ruby", ".rubies/*/bin/ruby", ".rvm/rubies/*/bin/ruby")
_NOTE = "asked by --run, in an empty environment"
_MOST = 300


def rows(host):
    """Yield a row for each interpreter that answers; none without --run, and never as root."""
    if not host.may_run:
        return
    for path in _environments(host)[:_MOST]:
        said = asked.python(host, path)
        if said is not None:
            version, held, certifi = said
            note = _NOTE + ("; its certifi is " + certifi if certifi else "")
            what = "what Python {} says of its default context".format(version)
            mend = mends.python(host, path.rsplit("/", 2)[0])
            yield Row("python", what, path, held, user=host.user_of(path), note=note, mend=mend)
    for path in node.programs(host)[:_MOST]:
        found = asked.node(host, path)
        if found is not None:
            yield Row(
                "node",
                "what Node.js {} says".format(found[0]),
                path,
                found[1],
                note=_NOTE,
                mend=mends.node(host),
            )
    patterns = [*_RUBIES, *(home + "/" + each for _, home in host.homes for each in _OF_HOMES)]
    for path in dict.fromkeys(host.where(each) for pattern in patterns for each in host.glob(pattern)):
        answer = asked.ruby(host, path)
        if answer is not None:
            note = "{}; it reads {}".format(_NOTE, answer[2])
            yield Row(
                "ruby",
                "what Ruby {} says".format(answer[0]),
                path,
                answer[1],
                note=note,
                mend=mends.gem(host),
            )
    for home in sorted(java.homes(host))[:_MOST]:
        ders = asked.java(host, home)
        if ders is not None:
            yield Row("java", "what the JDK's keytool says", home, ders, note=_NOTE, mend=mends.java(host))


def _environments(host):
    """Return the interpreters of the environments, and the system's, each once."""
    found = [path for path in _PYTHONS if host.exists(path)]
    for path in host.found["site-packages"]:
        base, _, _ = path.partition("/lib/python")
        if base != path and host.exists(base + "/bin/python"):
            found.append(base + "/bin/python")
    return list(dict.fromkeys(found))
