# Two machines with a network between them and us, and no folder of ours: sh two-machines.sh ORGS OUT WORK NOW
#
# To be run with network, mounts and process numbers of its own: all of it is gone afterwards. WORK has the
# certificates. Says how much each machine has sent.
set -eu
orgs=$1 out=$2 work=$3 now=$4
tls="--tls-ca-file $work/ca-file.pem --tls-cert $work/cert.pem --tls-key $work/key.pem"
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip link set lo up
ip link add hub type bridge
ip address add 10.99.0.1/24 dev hub
ip link set hub up
for n in 2 3; do
    ip netns add "m$n"
    ip link add "to$n" type veth peer name eth0 netns "m$n"
    ip link set "to$n" master hub up
    ip -n "m$n" address add "10.99.0.$n/24" dev eth0
    ip -n "m$n" link set eth0 up
    ip -n "m$n" link set lo up
done
# shellcheck disable=SC2086 # the options are words
dask scheduler --host 10.99.0.1 --port 8786 --no-dashboard $tls >"$work/scheduler.log" 2>&1 &
for n in 2 3; do
    mkdir "$work/m$n"
    # shellcheck disable=SC2086,SC2016 # as above; and words of the inner shell
    ip netns exec "m$n" unshare --mount sh -c \
        'mount -t tmpfs tmpfs "$0" && mount -t tmpfs tmpfs "$1" && shift && exec "$@"' "$orgs" "$out" \
        dask worker tls://10.99.0.1:8786 --host "10.99.0.$n" --nthreads 1 --no-dashboard \
        --local-directory "$work/m$n" $tls >"$work/worker-$n.log" 2>&1 &
done
# Else the first to come may do it all.
for n in 2 3; do
    # shellcheck disable=SC2016 # words of the inner shell
    timeout 60 sh -c 'until grep -q "Registered to" "$0"; do sleep 0.1; done' "$work/worker-$n.log"
done
# shellcheck disable=SC2086 # as above
trustpack batch build "$orgs" --out "$out" --now "$now" --scheduler tls://10.99.0.1:8786 $tls
for n in 2 3; do
    ip netns exec "m$n" cat /sys/class/net/eth0/statistics/tx_bytes
done
