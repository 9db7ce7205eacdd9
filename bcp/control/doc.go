// Package control is the loop that leads: it follows the shared journal, campaigns for the lease, gathers
// facts, lets the organisation decide, and has its decisions carried out.
//
// In: entries of the shared journal, requests of people, what the watchers see of the messenger and its
// names. Out: moves, outcomes and replies in the shared journal, acts through adapters, messages to people,
// and a picture of it all. It never acts without a valid lease, never repeats an act of unknown outcome
// before a probe has told, and decides nothing itself: that is package bcp's.
package control
