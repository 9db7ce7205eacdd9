// Package messenger is the hands and eyes of continuity on the protected messenger.
//
// In come acts of failover runs and playbooks (fence, promote, shed, drain, compensate, freeze, checks) and the
// groups the loop has to decide about. Out go receipts of what was done, and facts: what each site answers, what
// its store has promised, how a user fares at it. The package talks to the messenger's admin API, its synthetic
// checks and its public API over HTTP and to nothing else.
//
// It never decides whether anything moves, never takes silence for proof, and never repeats an act whose outcome
// it does not know: that is what Probe is for.
package messenger
