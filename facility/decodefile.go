package facility

// Report adds one fault at a path of the file (for example "events[2].inject.target").
type Report func(path, format string, args ...any)

// DecodeFile fills out (a pointer to a struct with yaml tags) from strict YAML text: unknown keys and
// wrong types are faults with file, line and column, all reported at once. The checks run after a clean
// decoding and report what they find at the place it was written. Sorted by place; empty when nothing is wrong.
func DecodeFile(file string, text []byte, out any, checks ...func(Report)) Faults {
	d := decodeFile(file, text, out)
	if d.faults.Err() == nil {
		for _, check := range checks {
			check(d.fault)
		}
	}
	return d.faults.sorted()
}
