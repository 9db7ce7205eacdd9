#!/usr/bin/env bash
# Runs the browser tests twice: against the mock, then against the real program with its simulator on
# ports of its own, so that a demo that is running meanwhile is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(cd ../.. && pwd)
bin=${BONGSU_BIN:-$root/bin}
console=127.0.0.1:${BONGSU_E2E_PORT:-8480}

npx playwright test

work=$(mktemp -d)
sim=; node=
stop() {
	trap - EXIT
	[ -n "$node" ] && kill -TERM "$node" 2>/dev/null && wait "$node" 2>/dev/null || true
	[ -n "$sim" ] && kill -TERM "$sim" 2>/dev/null && wait "$sim" 2>/dev/null || true
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

cp -r "$root/sites" "$work/sites"
site=$work/sites/demo/site.yaml
# Every port of the site moves by the same step.
node -e '
const fs = require("node:fs")
const moved = fs.readFileSync(process.argv[1], "utf8").replace(/127\.0\.0\.1:(\d+)/g, (_, port) => `127.0.0.1:${Number(port) + 400}`)
fs.writeFileSync(process.argv[1], moved)
' "$site"

"$bin/bongsu-sim" --site "$site" >"$work/sim.log" 2>&1 & sim=$!
"$bin/bongsu" run --site "$site" --data "$work/data" --listen "$console" >"$work/node.log" 2>&1 & node=$!
ready() { node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "http://$console/readyz"; }
for _ in $(seq 120); do
	ready && break
	kill -0 "$sim" "$node" 2>/dev/null || break
	sleep 0.5
done
if ! ready; then
	echo "the program did not become ready; the end of its logs:"
	tail -n 20 "$work/sim.log" "$work/node.log"
	exit 1
fi
BONGSU_URL=http://$console npx playwright test
