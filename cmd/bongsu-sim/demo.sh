#!/usr/bin/env bash
# Runs the demo: the simulated world and one node. Ctrl-C stops both and waits for them.
set -u
: "${SITE:?}" "${DATA:?}" "${LISTEN:?}"
sim=; node=
stop() {
	trap '' INT TERM
	[ -n "$node" ] && kill -TERM "$node" 2>/dev/null && wait "$node" 2>/dev/null
	[ -n "$sim" ] && kill -TERM "$sim" 2>/dev/null && wait "$sim" 2>/dev/null
	echo "stopped"
}
trap 'stop; exit 0' INT TERM
bin/bongsu-sim --site "$SITE" & sim=$!
bin/bongsu run --site "$SITE" --data "$DATA" --listen "$LISTEN" & node=$!
echo "console: http://$LISTEN   log in as operator with password bongsu-demo   stop with Ctrl-C"
wait -n "$sim" "$node"
code=$?
stop
exit "$code"
