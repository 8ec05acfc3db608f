"""What the doctor found, as text, JSON or OpenMetrics; what no terminal should get is escaped."""

import json
import unicodedata

from trust_doctor import rows

_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text):
    """Return a text with control characters, and what else no terminal should get, escaped."""
    return "".join(
        sign
        if unicodedata.category(sign) not in _UNSEEN
        else sign.encode("unicode_escape", "surrogatepass").decode()
        for sign in text
    )


def as_json(found):
    """Return the document as JSON, in ASCII, so that no sign of a host's is more than data."""
    return json.dumps(found, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def as_text(found):
    """Return the document as text for people: what is to be mended first."""
    lines = _head(found)
    bad = [row for row in found["rows"] if rows.is_finding(row)]
    fine = [row for row in found["rows"] if not rows.is_finding(row)]
    if bad:
        lines += ["", "To be mended:", *(line for row in bad for line in _row(row))]
    if fine:
        lines += ["", "Looked at:", *(line for row in fine for line in _row(row))]
    if found["unreadable"]:
        lines += ["", "Not looked at:"]
        lines += ["  {}: {}".format(visible(one["path"]), visible(one["why"])) for one in found["unreadable"]]
    said = ", ".join("{} {}".format(number, state) for state, number in sorted(found["counts"].items()))
    lines += ["", "{} rows in {:.1f} s: {}".format(len(found["rows"]), found["seconds"], said or "no store")]
    if not found["complete"]:
        lines.append(
            "A part of the system was not looked at, as said above: until it is, 'trustpack doctor report' "
            "counts this host as lacking every CA."
        )
    return "\n".join(lines) + "\n"


def _head(found):
    host = found["host"]
    lines = [
        "{}, {}, as {}".format(
            visible(host["name"]), visible(host["description"]) or host["system"], visible(host["user"])
        ),
        "held against release {} of {}:".format(
            visible(found["release"]) or "(none)", visible(found["organisation"]) or "(nobody)"
        ),
    ]
    for each in found["authorities"]:
        state = "" if each["state"] == "active" else "  [{}]".format(each["state"])
        lines.append("  {}  until {}  SHA-256 {}{}".format(
            visible(each["subject"]), each["not_after"][:10], each["sha256"][:16], state))  # fmt: skip
    return lines


def _row(row):
    """Return one row in two lines, or three where there is a line that mends it."""
    named = {}
    for digest, state in sorted(row["states"].items()):
        named.setdefault(state, []).append(digest[:8])
    said = ["{} {}".format(state, " ".join(digests)) for state, digests in sorted(named.items())]
    said += ["extra {} ({})".format(one["sha256"][:8], visible(one["subject"])) for one in row["extra"]]
    if row["problem"]:
        said.insert(0, visible(row["problem"]))
    user = "  [{}]".format(visible(row["user"])) if row["user"] else ""
    size = "" if row["certificates"] is None else "  ({} certificates)".format(row["certificates"])
    lines = ["  {} {}: {}{}{}".format(row["kind"], visible(row["what"]), visible(row["where"]), size, user)]
    if row["effective"] is False:
        by = visible(row["shadowed_by"])
        said.append("not effective: " + by if by else "not effective")
    if row["effective"] is None:
        said.append("whether a client reads it cannot be told")
    if row["note"]:
        said.append(visible(row["note"]))
    if said:
        lines.append("      " + "; ".join(said))
    if row["mend"]:
        lines.append("      $ " + visible(row["mend"]))
    return lines


def as_openmetrics(found):
    """Return the document as OpenMetrics 1.0, for the node exporter's textfile collector among others."""
    number = {}
    for row in found["rows"]:
        if row["effective"] is False:
            continue
        states = [*row["states"].values(), *("extra" for _ in row["extra"])]
        for state in states + (["problem"] if row["problem"] else []):
            key = (row["kind"], row["where"], state)
            number[key] = number.get(key, 0) + 1
    lines = [
        "# TYPE trust_store_certificates gauge",
        "# HELP trust_store_certificates CAs of the organisation in one store, by state.",
    ]
    lines += [
        'trust_store_certificates{{kind="{}",where="{}",state="{}"}} {}'.format(
            *map(_label, key), number[key]
        )
        for key in sorted(number)
    ]
    lines += [
        # A gauge: the type info is OpenMetrics' alone, and the node exporter refuses a file that has it.
        "# TYPE trust_doctor_info gauge",
        "# HELP trust_doctor_info The release that the host was held against.",
        'trust_doctor_info{{organisation="{}",release="{}"}} 1'.format(
            _label(found["organisation"]), _label(found["release"])
        ),
        "# TYPE trust_doctor_complete gauge",
        "# HELP trust_doctor_complete Whether all of the system could be looked at, users' homes apart.",
        "trust_doctor_complete {}".format(int(found["complete"])),
        "# TYPE trust_doctor_findings gauge",
        "# HELP trust_doctor_findings Rows that are to be mended.",
        "trust_doctor_findings {}".format(sum(map(rows.is_finding, found["rows"]))),
        "# EOF",
    ]
    return "\n".join(lines) + "\n"


def _label(value):
    return visible(value).replace("\\", "\\\\").replace('"', '\\"')
