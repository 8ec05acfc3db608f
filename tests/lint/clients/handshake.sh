# Reads lines of name, CA file and port; prints name and whether curl ($1) accepts an HTTPS handshake.
while IFS='	' read -r name authority port; do
    if why=$("$1" -q -sS -o /dev/null --max-time 10 --cacert "$authority" "https://localhost:$port/" 2>&1 </dev/null); then
        printf '%s\tok\t\n' "$name"
    else
        printf '%s\tfails\t%s\n' "$name" "$(printf '%s' "$why" | head -n 1)"
    fi
done
