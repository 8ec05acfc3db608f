"""The flow on one screen: a machine, what is expected of it, and all probes, one after the other."""

import time

from trust_doctor import VERSION, machine, probes, rows
from trust_doctor.host import Host

SCHEMA = 1
_ROWS = 5000
_OF_USER, _OF_USERS = 500, 2500  # of these


def host_of(root="/", seconds=60, may_run=False, environ=None):
    """Return the machine whose files lie below `root`, for the probes that there are."""
    wanted = {name for probe in probes.ALL for name in getattr(probe, "WANTED", ())}
    return Host(root, seconds=seconds, may_run=may_run, environ=environ, wanted=wanted)


def examine(host, expected, now):
    """Return the JSON document; `now` is in seconds since 1970."""
    judge = rows.Judge(expected, time.strftime("%Y%m%d%H%M%S", time.gmtime(now)))
    host.packages = expected.packages
    host.organisation = expected.organisation
    host.ours = {one.sha256: one.name for one in expected.authorities if one.state != "distrusted"}
    host.look()
    found, users = [], {}
    for probe in probes.ALL:
        found += _judged(host, probe, judge, _ROWS - len(found), users)
    return {
        "schema": SCHEMA,
        "trustpack": VERSION,
        "organisation": expected.organisation,
        "release": expected.release,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "seconds": round(host.clock.passed(), 2),
        "complete": host.complete,
        "host": machine.about(host),
        "authorities": [_authority(each) for each in expected.authorities],
        "rows": found,
        "unreadable": host.unreadable,
        "counts": rows.counts(found),
    }


def _judged(host, probe, judge, most, users):
    """Return a probe's rows, as judged; one that fails costs the others nothing. `users` counts theirs."""
    name = probe.__name__.rsplit(".", 1)[-1]
    found = []
    try:
        for row in probe.rows(host):
            if len(found) >= most or host.clock.over():
                host.note(name, "has more rows, or took longer, than the doctor waits for")
                break
            if _may_have(host, row, users):
                found.append(judge.judged(row))
    except Exception as error:  # whatever a hostile file made of it: said, and the answer is not complete
        host.note(name, "this part of the doctor failed: {}: {}".format(type(error).__name__, error))
    return found


def _may_have(host, row, users):
    """Tell whether a row may be added: no user has so many that the system's find no room."""
    if not row.user:
        return True
    users[row.user] = users.get(row.user, 0) + 1
    if users[row.user] <= _OF_USER and sum(users.values()) <= _OF_USERS:
        return True
    host.note(row.where, "was not told: this user has more stores than the doctor tells of", row.user)
    return False


def _authority(each):
    return {
        "sha256": each.sha256,
        "subject": each.name,
        "state": each.state,
        "not_before": _moment(each.not_before),
        "not_after": _moment(each.not_after),
    }


def _moment(digits):
    return "{}-{}-{}T{}:{}:{}Z".format(
        digits[:4], digits[4:6], digits[6:8], digits[8:10], digits[10:12], digits[12:14]
    )


def status(found):
    """Return the exit status: 1 where something is to be mended, else 3 where not all was seen, else 0."""
    if any(rows.is_finding(row) for row in found["rows"]):
        return 1
    return 0 if found["complete"] else 3
