// Package share lets several processes of one site serve its links: the field's own and collectors beside it, each
// link served by one of them at a time.
//
// In: a checked site with its collectors, connections from them, and what the field's own wire reads. Out: batches
// of samples on the field's bus as if its own wire had read them, receipts of commands, and who serves what. The
// field grants each link by a lease (Ledger decides, Keeper does); a collector (Worker) serves a link only while its
// lease runs on its own clock. There is no quorum: the field is the one authority of its site.
// It never judges a value, never lets two serve a link at once on purpose, and never sends a command again that may
// have been sent.
package share
