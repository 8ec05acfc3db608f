# Reads lines of name, CA file and port; prints name and whether $PROGRAM accepts an HTTPS handshake.
ask() {
    case ${PROGRAM##*/} in
    curl) "$PROGRAM" -q -sS -o /dev/null --max-time 10 --cacert "$1" "https://localhost:$2/" ;;
    wget) "$PROGRAM" --no-config -nv -O /dev/null -T 10 -t 1 --ca-certificate="$1" "https://localhost:$2/" ;;
    openssl)
        "$PROGRAM" s_client -brief -verify_return_error -verify_hostname localhost -servername localhost \
            -no-CApath -CAfile "$1" -connect "localhost:$2" 2>&1 | sed '/^Connecting to/d; /^CONNECTION ESTABLISHED/,$d' | grep . && return 1
        return 0
        ;;
    tstclnt)
        rm -rf nssdb && mkdir nssdb && certutil -d nssdb -N --empty-password &&
            certutil -d nssdb -A -n root -t C,, -a -i "$1" && "$PROGRAM" -4 -d nssdb -h localhost -p "$2" -Q
        ;;
    esac
}
while IFS='	' read -r name authority port; do
    if why=$(ask "$authority" "$port" 2>&1 </dev/null); then
        printf '%s\tok\t\n' "$name"
    else
        printf '%s\tfails\t%s\n' "$name" "$(printf '%s' "$why" | tr '\n\t' '  ')"
    fi
done
