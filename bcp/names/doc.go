// Package names moves the public names of the messenger from one site to another, and sees what the world
// is answered.
//
// In: the configuration of a zone, acts of the failover run and of playbooks, and the answers of name
// servers. Out: one signed dynamic update (RFC 2136, TSIG) an act, which compares before it swaps; the
// views of all authoritative servers and resolvers; and what a user outside would be led to.
// It decides nothing: which site serves, who may say so and at which epoch is told to it. It never writes
// a name on what it has not just read, never repeats an update whose outcome it does not know, and never
// takes a silent server for one that agrees.
package names
