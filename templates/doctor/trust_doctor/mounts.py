"""Which folders are mounts that may never answer: network file systems, FUSE, automounters (proc(5))."""

import re

_SLOW = re.compile(
    r"(nfs|nfs4|cifs|smb3?|smbfs|ncpfs|9p|afs|kafs|ceph|coda|gfs2?|ocfs2|lustre|glusterfs|beegfs|orangefs|"
    r"pvfs2|gpfs|panfs|davfs2?|sshfs|virtiofs|vboxsf|prl_fs|vmhgfs|acfs|autofs|fuse|fuseblk|fuse\..*)"
)
_ESCAPED = re.compile(r"\\([0-7]{3})")
# Nothing of these is a store, and some have no end.
_NOT_FILES = frozenset(
    "proc sysfs devtmpfs devpts cgroup cgroup2 debugfs tracefs securityfs pstore bpf mqueue "
    "configfs hugetlbfs efivarfs binfmt_misc fusectl rpc_pipefs selinuxfs nsfs".split()
)


def unsafe(mountinfo, root):
    """Return the paths, below `root` and without it, that /proc/self/mountinfo says not to enter."""
    before = root.rstrip("/")
    found = set()
    for line in mountinfo.decode("utf-8", "surrogateescape").split("\n"):
        words = line.split(" ")
        if "-" not in words or words.index("-") + 1 >= len(words):
            continue
        kind = words[words.index("-") + 1]
        if not _SLOW.fullmatch(kind) and kind not in _NOT_FILES:
            continue
        point = _ESCAPED.sub(lambda octal: chr(int(octal.group(1), 8)), words[4])
        if point.startswith(before + "/") and point != before + "/":
            found.add(point[len(before) :])
    return found
