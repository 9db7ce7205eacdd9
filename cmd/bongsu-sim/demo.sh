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
# The world begins anew with every start, so what was recorded of the last one would only mislead: a latched
# fire, a messenger that was moved. KEEP=1 goes on with it all the same.
if [ -e "$DATA" ] && [ -z "${KEEP:-}" ]; then
	rm -rf "$DATA.before" && mv "$DATA" "$DATA.before" && echo "the simulated world begins anew; the last run's data is in $DATA.before"
fi
bin/bongsu-sim --site "$SITE" & sim=$!
bin/bongsu run --site "$SITE" --data "$DATA" --listen "$LISTEN" & node=$!
echo "console: http://$LISTEN   log in as operator with password bongsu-demo   stop with Ctrl-C"
wait -n "$sim" "$node"
code=$?
stop
exit "$code"
