// Package journal keeps the field's truth on its own disk: a hash-chained log of what was decided
// and done, and a bounded spool of telemetry, both readable by others while they are written.
//
// In: drafts of entries and batches of samples, from the field process.
// Out: entries and batches in order, to a caller in the process, to a reader of the files or to a
// client over a socket, each resumable from a sequence number.
// It never blocks a caller on a hung disk beyond the limit the caller gave, never changes an entry
// that was acknowledged, and never hides damage: what cannot be read is named.
package journal
