// Package shared is the truth the sites have in common: one hash-chained log over a majority of
// etcd members, the right to lead with its epoch, and the relay that carries a field's fire stages
// and serious alarms into it.
//
// In: drafts of entries from any site, candidates for leadership, the entries of a field's journal.
// Out: numbered entries in one order at every site, an epoch that fences older leaders, leadership.
// It never forks or renumbers the chain, never acknowledges what a majority has not stored, never
// removes an entry from the members before every node of the site has it on its own disk, and takes no part
// in the field's own safety, which works without it.
package shared
