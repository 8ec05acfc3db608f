"""One row for each store or setting, and what a release means for it."""

from trust_doctor import der

# What is to be mended; a store has one of these, or of valid, pre-valid and absent, for each CA of a release.
FINDINGS = ("missing", "rotate", "expired", "distrusted")
_NO_CERTIFICATE = object()
_CACHED = 5000


class Row:
    """A store that some client reads, or a setting by which one is told what to read.

    `certificates` are DER, None where the row has no store of its own. `effective`: whether its client reads
    it, None where that cannot be told; `shadowed_by` says what wins over it. `replaces`: whether it is all
    that its client trusts; else what is not in it may come from elsewhere. `problem` is what is wrong with
    the row itself, `mend` the one line of shell that mends it.
    """

    def __init__(
        self, kind, what, where, certificates=None, effective=True, shadowed_by="", user="", note="",
        problem="", mend="", replaces=True,
    ):  # fmt: skip
        self.kind = kind
        self.what = what
        self.where = where
        self.certificates = certificates
        self.effective = effective
        self.shadowed_by = shadowed_by
        self.user = user
        self.note = note
        self.problem = problem
        self.mend = mend
        self.replaces = replaces


class Judge:
    """What a release says of a store: the state of each of its CAs, and which former ones are left there."""

    def __init__(self, expected, now):
        self.expected = expected
        self.now = now
        self._known = {}
        self._subjects = {each.subject for each in expected.authorities if each.subject}
        self._keys = {each.key_id for each in expected.authorities if each.key_id}
        self._organisations = set()
        for each in expected.authorities:
            self._organisations |= der.organisations(each.subject)

    def judged(self, row):
        """Return the row as the JSON document has it."""
        states, extra = {}, []
        if row.certificates is not None:
            states, extra = self.states(row.certificates, row.replaces)
        return {
            "kind": row.kind,
            "what": row.what,
            "where": row.where,
            "user": row.user,
            "certificates": None if row.certificates is None else len(set(row.certificates)),
            "effective": row.effective,
            "shadowed_by": row.shadowed_by,
            "states": states,
            "extra": extra,
            "problem": row.problem,
            "note": row.note,
            "mend": row.mend,
        }

    def states(self, certificates, replaces=True):
        """Return ({fingerprint: state}, [{sha256, subject}])."""
        held = {}
        for octets in certificates:
            found = self._read(octets)
            if found is not _NO_CERTIFICATE:
                held[found.sha256] = found
        names = {each.subject for each in held.values()}
        keys = {each.key_id for each in held.values() if each.key_id}
        states = {
            each.sha256: self._state(each, held, names, keys, replaces) for each in self.expected.authorities
        }
        return states, [
            {"sha256": each.sha256, "subject": der.subject(each.subject)}
            for each in sorted(held.values(), key=lambda one: one.sha256)
            if each.sha256 not in states and self._is_ours(each)
        ]

    def _read(self, octets):
        if octets not in self._known:
            if len(self._known) >= _CACHED:
                self._known.clear()
            try:
                self._known[octets] = der.certificate(octets)
            except der.DerError:
                self._known[octets] = _NO_CERTIFICATE
        return self._known[octets]

    def _state(self, authority, held, names, keys, replaces):
        if authority.state == "distrusted":
            return "distrusted" if authority.sha256 in held else "absent"
        if authority.sha256 not in held:
            same = authority.subject in names or (authority.key_id and authority.key_id in keys)
            return "rotate" if same else "missing" if replaces else "absent"
        if authority.not_after < self.now:
            return "expired"
        return "pre-valid" if authority.not_before > self.now else "valid"

    def _is_ours(self, certificate):
        """Tell whether a certificate is a former one of the organisation's own, by its subject or its key."""
        return (
            certificate.subject in self._subjects
            or certificate.key_id in self._keys
            or bool(der.organisations(certificate.subject) & self._organisations)
        )


def is_finding(judged):
    """Tell whether a row, as judged, is to be mended: what no client reads is shown, and not counted."""
    if judged["effective"] is False:
        return False
    return bool(judged["problem"] or judged["extra"] or set(judged["states"].values()) & set(FINDINGS))


def counts(rows):
    """Return how many states there are of each kind, in the rows that count."""
    found = {}
    for row in rows:
        if row["effective"] is False:
            continue
        states = [*row["states"].values(), *("extra" for _ in row["extra"])]
        for state in states + (["problem"] if row["problem"] else []):
            found[state] = found.get(state, 0) + 1
    return {state: found[state] for state in sorted(found)}
