// Package bcp is the organisation's judgement: incidents and their grades, the committee and its
// motions, summons, services, failover runs and playbooks.
//
// In: the time, facts (what is known now, read by others) and requests of people. Out: decisions, each a
// move of one state machine with the side effects it intends; and, folded from the journal, the state
// everybody sees. A decision counts once it is in the journal; whoever runs the loop writes it there,
// performs the effects and writes their outcomes back.
// The decision core never opens a socket, reads a clock or starts a goroutine, and it never repeats an
// act of unknown outcome: that is left to a probe.
package bcp
