#!/bin/sh
# Make this system trust the CAs in `anchors` beside this file, and those that it trusts already; with the word
# `remove`, undo that. It needs root and the system's own program for its store, and fetches nothing.
set -eu
umask 022 # what everybody is to read

case ${1-} in
"" | remove) ;;
*)
    echo "trust.sh: '$1' is no word it knows: none makes this system trust the CAs, and 'remove' undoes that" >&2
    exit 2
    ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
name=$(cat "$here/name")
copy=/usr/local/share/$name/roots.pem
bundle=

if [ -d /etc/pki/trust/anchors ] && command -v update-ca-certificates >/dev/null; then
    place=/etc/pki/trust/anchors update="update-ca-certificates --fresh" # openSUSE, SLES
elif [ -d /etc/pki/ca-trust/source/anchors ] && command -v update-ca-trust >/dev/null; then
    place=/etc/pki/ca-trust/source/anchors update=update-ca-trust # Fedora, Enterprise Linux
elif [ -d /etc/ca-certificates/trust-source/anchors ] && command -v update-ca-trust >/dev/null; then
    place=/etc/ca-certificates/trust-source/anchors update=update-ca-trust # Arch
elif command -v update-ca-certificates >/dev/null; then
    place=/usr/local/share/ca-certificates update="update-ca-certificates --fresh" # Debian, Alpine
    bundle=/etc/ssl/certs/ca-certificates.crt.new
else
    echo "$name: this system has no ca-certificates: install that package first" >&2
    exit 1
fi

# No other name has two hyphens behind this one. What an earlier release has put there goes with it. Debian's updater
# tells Java's store what has come and not what has gone: that is done here, by the same program, and before the file
# goes, by which a run after one that was ended knows of it.
java=/etc/ca-certificates/update.d/jks-keystore
for file in "$place/$name--"*.crt; do
    [ -e "$file" ] || continue
    link=${file##*/}
    if [ -x "$java" ]; then echo "-/etc/ssl/certs/${link%.crt}.pem" | "$java" >/dev/null; fi
    rm "$file"
done
rm -f "$copy"
if [ "${1-}" = remove ]; then
    rmdir "${copy%/*}" 2>/dev/null || :
else
    mkdir -p "$place"
    for file in "$here/anchors/"*.crt; do cp "$file" "$place/$name--${file##*/}"; done
    chmod 644 "$place/$name--"*.crt
fi
# Debian's updater appends to what one that was ended has left there. And one that finds no root writes no bundle: the
# one that it made before, with ours, would stay. Alpine's has a name of its own for it.
if [ -n "$bundle" ]; then true >"$bundle"; fi
$update >/dev/null
rm -f "$bundle"
if [ "${1-}" != remove ]; then
    mkdir -p "${copy%/*}"
    cat "$here/anchors/"*.crt >"$copy" # for what has a setting for a file, such as NODE_EXTRA_CA_CERTS
    chmod 644 "$copy"
fi
