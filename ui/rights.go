package ui

import (
	"slices"
	"strings"

	"bongsu/facility"
)

// right is one thing a person may be allowed to do.
type right string

const (
	rightNone     right = ""         // no session needed
	rightRead     right = "read"     // see everything
	rightAlarms   right = "alarms"   // acknowledge, reset, shelve, unshelve, write a note
	rightService  right = "service"  // take an alarm out of service and back
	rightUrgent   right = "urgent"   // ask to shelve a priority 1 alarm
	rightNormal   right = "normal"   // take what a point shows as its new normal
	rightBypass   right = "bypass"   // take a fire channel out of the vote
	rightInhibit  right = "inhibit"  // hold a fire output
	rightRestore  right = "restore"  // end a bypass or an inhibit early
	rightRelease  right = "release"  // release gas
	rightReset    right = "reset"    // lift a fire stage
	rightTakeover right = "takeover" // hand control to the fire authority
	rightPowerCut right = "power-cut"

	rightBankReady right = "bank-ready" // declare a gas bank refilled
	rightDrill     right = "drill"      // begin a drill in a fire room
	rightEndDrill  right = "end-drill"
	rightProof     right = "proof" // proof tests
	rightRound     right = "round" // rounds of the fire watch

	rightSimulate right = "simulate" // act on the simulated world
	rightReload   right = "reload"   // have the field work by changed site files
	rightSelf     right = "self"     // one's own session, password and second factor
	rightAccounts right = "accounts" // everybody's accounts
	rightAsk      right = "ask"      // ask the organisation, which judges by its own roster
	rightC0       right = "C0"       // commands by level
	rightC1       right = "C1"
	rightC2       right = "C2"
	rightC3       right = "C3"
	rightC4       right = "C4"
	rightSecond   right = "second" // sign as the second person; what is signed says whether these roles do
	rightCancel   right = "cancel" // abort an order, from whatever station
)

// roles are all the roles an account can have. admin keeps users and configuration; it has no vote
// and no command, and nobody changes the own roles: who appoints and acts has to be two accounts, both in the journal.
var roles = facility.Roles

// grant is who may do a thing, and who may be the second person where it takes two.
type grant struct {
	roles  []string
	second []string // empty: one person is enough
	order  bool     // of equipment: a try without the right is noted in the journal
}

// grants lists every right. A role that is not named has it not.
var grants = map[right]grant{
	rightRead:     {roles: roles},
	rightSelf:     {roles: roles},
	rightAccounts: {roles: []string{adminRole}},
	rightAlarms:   {roles: []string{"operator", "lead", "safety", "facilities"}},
	rightService:  {roles: []string{"lead", "facilities"}, second: []string{"lead", "safety", "facilities"}}, // two for fire and safety
	rightNormal:   {roles: []string{"lead", "facilities"}},
	rightUrgent:   {roles: []string{"lead"}, second: []string{"lead", "safety", "facilities"}},
	rightBypass:   {roles: []string{"facilities"}, second: []string{"lead", "safety", "facilities"}, order: true},
	rightInhibit:  {roles: []string{"facilities"}, second: []string{"lead", "safety", "facilities"}, order: true},
	rightRestore:  {roles: []string{"facilities", "lead", "safety"}, order: true}, // the way back to safety takes one
	rightRelease:  {roles: []string{"safety"}, second: []string{"lead", "safety"}, order: true},
	rightReset:    {roles: []string{"safety"}, second: []string{"lead", "safety"}, order: true},
	rightTakeover: {roles: []string{"authority"}, second: []string{"authority"}, order: true},
	rightPowerCut: {roles: []string{"authority"}, second: []string{"authority"}, order: true},

	rightBankReady: {roles: []string{"facilities"}, second: []string{"safety"}, order: true}, // who weighs it, and who answers for it
	rightDrill:     {roles: []string{"safety"}, order: true},
	rightEndDrill:  {roles: []string{"safety", "lead"}, order: true},
	rightProof:     {roles: []string{"facilities", "safety"}},
	rightRound:     {roles: []string{"operator", "lead", "safety", "facilities"}},

	rightSimulate: {roles: []string{"lead", "safety", "admin", "operator"}},
	rightReload:   {roles: []string{"admin"}},
	rightAsk:      {roles: []string{"operator", "lead", "safety", "facilities", "authority", "chair", "member", "tower"}},
	rightC0:       {roles: []string{"operator", "lead", "safety", "facilities"}},
	rightC1:       {roles: []string{"operator", "lead"}},
	rightC2:       {roles: []string{"operator", "lead"}},
	rightC3:       {roles: []string{"lead", "safety"}},
	rightC4:       {roles: []string{"safety"}, second: []string{"lead", "safety"}},
	rightSecond:   {roles: []string{"lead", "safety", "facilities", "authority"}, order: true},
	rightCancel:   {roles: []string{"operator", "lead", "safety", "facilities", "authority"}, order: true},
}

// may says whether a person with some roles has a right.
func (r right) may(have []string) bool { return anyOf(grants[r].roles, have) }

// maySecond says whether a person with some roles can be the second one.
func (r right) maySecond(have []string) bool { return anyOf(grants[r].second, have) }

// needs names the roles that have the right, for the refusal.
func (r right) needs() string { return strings.Join(grants[r].roles, ", ") }

// needsSecond names the roles of the second person, for the refusal.
func (r right) needsSecond() string { return strings.Join(grants[r].second, ", ") }

func anyOf(want, have []string) bool {
	return slices.ContainsFunc(have, func(role string) bool { return slices.Contains(want, role) })
}
