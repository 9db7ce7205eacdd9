#!/usr/bin/env bash
# Runs three data centers: their simulated worlds and a node in each. Ctrl-C stops all of it and waits for it. One node
# can be stopped, frozen and started again from the demo's page, or by writing stopped, frozen or running into
# $RUN/nodes/n1.want.
set -u
: "${SITES:?}" "${RUN:?}"
bin=${BIN:-bin}
names=(n1 n2 n3)
listens=(${LISTENS:-127.0.0.1:8080 127.0.0.1:8081 127.0.0.1:8082})
controls=(${CONTROLS:-127.0.0.1:8090 127.0.0.1:8091 127.0.0.1:8092})
worlds=()
declare -A node is
nodes=$RUN/nodes

# parts are the processes of a node: the supervisor and its children.
parts() {
	echo "${node[$1]}"
	cat "$RUN/$1"/{field,member,desk}.pid 2>/dev/null
}
start() {
	local i=${1#n}
	"$bin/bongsu" run --site "$SITES/$1.yaml" --data "$RUN/$1" --node "$1" --listen "${listens[i - 1]}" &
	node[$1]=$!
}
become() { # node, state
	case ${is[$1]:-stopped}-$2 in
	running-running | frozen-frozen | stopped-stopped) return ;;
	stopped-running) start "$1" ;;
	frozen-running) kill -CONT $(parts "$1") 2>/dev/null ;;
	running-frozen) kill -STOP $(parts "$1") 2>/dev/null ;;
	running-stopped | frozen-stopped) # the hard way: a data center that is gone says no goodbye
		kill -KILL $(parts "$1") 2>/dev/null
		wait "${node[$1]}" 2>/dev/null
		;;
	*) return ;;
	esac
	is[$1]=$2
	echo "$2" >"$nodes/$1.is"
	echo "node $1 is $2"
}
stop() {
	trap '' INT TERM
	for n in "${names[@]}"; do
		[ "${is[$n]:-}" = frozen ] && kill -CONT $(parts "$n") 2>/dev/null
		[ "${is[$n]:-stopped}" = stopped ] || kill -TERM "${node[$n]}" 2>/dev/null
	done
	for n in "${names[@]}"; do
		[ "${is[$n]:-stopped}" = stopped ] || wait "${node[$n]}" 2>/dev/null
	done
	for w in "${worlds[@]}"; do kill -TERM "$w" 2>/dev/null && wait "$w" 2>/dev/null; done
	echo "stopped"
}
trap 'stop; exit 0' INT TERM

if [ -e "$RUN" ] && [ -z "${KEEP:-}" ]; then
	rm -rf "$RUN.before" && mv "$RUN" "$RUN.before" && echo "the simulated worlds begin anew; the last run's data is in $RUN.before"
fi
mkdir -p "$nodes" && rm -f "$nodes"/*
for i in 0 1 2; do
	echo "${listens[i]}" >"$nodes/${names[i]}.node"
done
"$bin/bongsu-sim" --site "$SITES/n1.yaml" --listen "${controls[0]}" --nodes "$nodes" & worlds+=($!)
"$bin/bongsu-sim" --bare --site "$SITES/n2.yaml" --listen "${controls[1]}" & worlds+=($!)
"$bin/bongsu-sim" --bare --site "$SITES/n3.yaml" --listen "${controls[2]}" & worlds+=($!)
for n in "${names[@]}"; do become "$n" running; done
for i in 0 1 2; do echo "center $((i + 1)), node ${names[i]}: http://${listens[i]}"; done
echo "log in as operator with password bongsu-demo (also lead safety facilities authority chair member tower admin)   stop with Ctrl-C"
while sleep 0.5; do
	for w in "${worlds[@]}"; do
		kill -0 "$w" 2>/dev/null || { echo "a simulated world has ended"; stop; exit 1; }
	done
	for n in "${names[@]}"; do
		[ -e "$nodes/$n.want" ] && become "$n" "$(cat "$nodes/$n.want")"
		# A node that ends by itself is a fault of the program: its supervisor restarts everything else.
		[ "${is[$n]}" = running ] && ! kill -0 "${node[$n]}" 2>/dev/null && { echo "node $n has ended"; stop; exit 1; }
	done
done
