# Open each URL with the command-line tool $1; print whether its certificate was accepted, and fail if one was not.
# Whatever a server answers, that a tool hears it at all is the proof.
tool=$1
shift

open_url() {
	address=${1#https://}
	address=${address%%/*}
	case $tool in
	curl) curl --silent --show-error --max-time 20 "$1" ;;
	wget)
		wget --no-verbose --tries=1 --timeout=20 --output-document=/dev/null "$1" ||
			[ $? -eq 8 ] # the status of an answer that is an error
		;;
	git)
		GIT_TRACE_CURL=1 git ls-remote "$1" 2>&1 | awk '
			/Recv header: HTTP\// { heard = 1 }
			{ last = $0 }
			END { print last; exit !heard }'
		;;
	openssl)
		case $address in *:*) ;; *) address=$address:443 ;; esac
		printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -ign_eof -verify_return_error \
			-connect "$address" -servername "${address%%:*}" \
			-verify_hostname "${address%%:*}" 2>&1 | awk '
			/^verify error/ || /^Verification error/ { print }
			/Verify return code: 0 / { verified = 1 }
			END { exit !verified }'
		;;
	esac
}

status=0
for url; do
	if reason=$(open_url "$url" 2>&1); then
		echo "$url accepted"
	else
		status=1
		echo "$url refused $(echo "$reason" | tr '\n' ' ')"
	fi
done
exit $status
