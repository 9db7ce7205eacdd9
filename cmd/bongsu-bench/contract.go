package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// contract lists every benchmark line by name, with the figures others rely on. A line may carry more.
var contract = map[string][]string{
	"modbus.polls":       {"polls_per_s", "polls_per_s_store_off", "cpu_s_per_100k_registers", "floor_polls_per_s", "p50_ms", "p99_ms"},
	"modbus.gateway":     {"healthy_polls_lost", "max_gap_ms"},
	"mqtt.ingest":        {"qos", "messages_per_s", "messages_per_s_store_off", "cpu_s_per_100k", "floor_messages_per_s"},
	"ingest.points":      {"points_per_s", "allocs_per_point", "cpu_s_per_100k_points"},
	"latency.stage":      {"p50_ms", "p99_ms"},
	"latency.command":    {"p50_ms", "p99_ms"},
	"latency.flood":      {"alarms", "stage_p99_ms", "command_p99_ms"},
	"site.ansan":         {"points", "cores", "rss_mib", "fresh_ratio", "seconds"},
	"historian.outage":   {"points_written", "lost", "drain_points_per_s"},
	"journal.append":     {"members", "p50_ms", "p99_ms", "per_s"},
	"journal.failover":   {"rounds", "writes_ms_p50", "writes_ms_max", "leader_ms_p50", "leader_ms_max", "lost", "repeated", "forgotten"},
	"fire.eval":          {"cases_per_s"},
	"replay":             {"x_realtime", "identical"},
	"alarms.burst":       {"alarms", "lost", "p99_ms"},
	"alarms.rules":       {"points", "rules", "cores"},
	"bands.month":        {"faults", "found_before_threshold", "false_alarms_per_week"},
	"failover.messenger": {"rounds", "evidence_to_served_s_p50", "evidence_to_served_s_max", "authorised_to_served_s_p50", "lost"},
	"messenger.load":     {"sessions", "messages_per_s", "cores", "messages_per_core", "demo_cores"},
	"page.lane":          {"people", "attempted", "seconds_first", "seconds_all"},
	"sim.ansan":          {"cores"},
	"sim.demo":           {"x_realtime"},
	"ui.tick":            {"ms_p50", "ms_max"},
	"ui.alarms":          {"ms_open"},
	"ui.viewers":         {"viewers", "cores", "late_ms_p95"},
}

// line is one printed object; nested values keep their text.
type line map[string]json.RawMessage

// readLine takes a printed text for a benchmark line; other output is none, with no error.
func readLine(text []byte) (name string, l line, is bool) {
	if json.Unmarshal(text, &l) != nil || json.Unmarshal(l["bench"], &name) != nil {
		return "", nil, false
	}
	return name, l, true
}

// hold says what of the contract a line breaks: an unknown name, or a figure that is missing or no figure.
func hold(name string, l line) error {
	figures, known := contract[name]
	if !known {
		return fmt.Errorf("benchmark line %q is not in the list of lines", name)
	}
	for _, f := range figures {
		var v any
		if err := json.Unmarshal(l[f], &v); err != nil {
			return fmt.Errorf("benchmark line %s has no figure %q", name, f)
		}
		switch v.(type) {
		case float64, bool:
		default:
			return fmt.Errorf("benchmark line %s: figure %q is %s, want a number", name, f, l[f])
		}
	}
	return nil
}

// names gives the contract's names in order.
func names() []string {
	var out []string
	for name := range contract {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
