package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// acts are what rounds are about. A move takes the messenger to the other center, so the next one brings it back.
var acts = map[string]func(v *voyage, round int, rnd *rand.Rand) error{
	"move": (*voyage).move, "deny": (*voyage).deny, "play": (*voyage).play, "vote": (*voyage).vote,
}

// sees waits until the node that leads shows something.
func (v *voyage) sees(within time.Duration, what string, ok func(p bcp.Picture) bool) error {
	var last bcp.Picture
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for _, s := range v.nodes {
			if p, here := v.look(s); here && p.Control.Leads {
				if last = p; ok(p) {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("not within %v: %s; %s leads in epoch %d: %s", within, what, last.Control.Leader, last.Control.Epoch, standing(last))
}

// standing is where everything is, in a line.
func standing(p bcp.Picture) string {
	text := "organisation " + p.Org.State
	if len(p.Groups) > 0 && p.Groups[0].Run != nil {
		g := p.Groups[0]
		text += fmt.Sprintf(", run %s to %s since %s: %s", g.State, g.Run.Target, g.Since.Format(time.TimeOnly), g.Guard)
	}
	if len(p.Plays) > 0 {
		text += ", playbook " + p.Plays[0].Playbook.ID + " " + p.Plays[0].State
		for id, s := range p.Plays[0].Steps {
			text += fmt.Sprintf(" %s=%s/%d %s", id, s.State, s.Attempt, s.Why)
		}
	}
	if len(p.Motions) > 0 {
		text += fmt.Sprintf(", motion %s %s %+v", p.Motions[0].ID, p.Motions[0].State, p.Motions[0].Tally)
	}
	return text
}

// says is one person's word at some node, after a moment's thought; refused is an error.
func (v *voyage) says(rnd *rand.Rand, user, path, key string, body any) error {
	time.Sleep(time.Duration(rnd.IntN(700)) * time.Millisecond)
	code, text := v.crowd.must(v.nodes[rnd.IntN(3)], user, path, key, body)
	if code != http.StatusOK && code != http.StatusAccepted {
		return fmt.Errorf("%s asks for %s: %d %s", user, path, code, text)
	}
	return nil
}

// ordered has the control tower order the messenger to the other center, and waits for people to agree. A run that
// something else has begun meanwhile, such as a center that fell silent, ends by itself first.
func (v *voyage) ordered(round int, rnd *rand.Rand) error {
	for try := range 10 {
		err := v.sees(3*time.Minute, "the group is ready", func(p bcp.Picture) bool {
			return p.Groups[0].State == bcp.RunArmed || p.Groups[0].State == bcp.RunComplete
		})
		if err != nil {
			return err
		}
		_, _ = v.crowd.must(v.nodes[rnd.IntN(3)], "tower", "failover/talk/end-block", fmt.Sprint(v.seed, "block", round, try), struct{}{}) // refused when there is none
		if v.says(rnd, "tower", "failover/talk/order", fmt.Sprint(v.seed, "order", round, try), map[string]string{"trigger": "order"}) == nil {
			help := v.helper(round)
			return v.sees(3*time.Minute, "the run waits for people", func(p bcp.Picture) bool {
				help(p.Groups[0]) // on a machine that is too busy to show that the target lives
				return p.Groups[0].State == bcp.RunAwaitAuth
			})
		}
	}
	return fmt.Errorf("the order is refused again and again")
}

// move takes the messenger to the other center by the word of three people at three consoles.
func (v *voyage) move(round int, rnd *rand.Rand) error {
	if err := v.ordered(round, rnd); err != nil {
		return err
	}
	for _, who := range []string{"chair", "member"} {
		if err := v.says(rnd, who, "failover/talk/approve", fmt.Sprint(v.seed, "yes", round), struct{}{}); err != nil {
			return err
		}
	}
	help := v.helper(round)
	return v.sees(4*time.Minute, "the messenger has moved", func(p bcp.Picture) bool {
		g := p.Groups[0]
		help(g)
		open := slices.ContainsFunc(g.Pending, func(a bcp.ActRecord) bool { return a.State != bcp.ActDone })
		return reached(g.State, bcp.RunVerifyPublic) && !open && v.servedBy() == g.Run.Target
	})
}

// helper gives what the control tower does for a run that holds for longer than it takes to go on by itself: it resumes it.
func (v *voyage) helper(round int) func(g bcp.GroupView) {
	var held time.Time
	return func(g bcp.GroupView) {
		switch {
		case g.State != bcp.RunHold:
			held = time.Time{}
		case held.IsZero():
			held = time.Now()
		case time.Since(held) > 5*time.Second:
			held = time.Now()
			v.resumed++
			code, text := v.crowd.must(v.nodes[0], "tower", "failover/talk/resume", fmt.Sprint(v.seed, "resume", round, v.resumed), struct{}{})
			v.t.Logf("the run holds in %s: %s; the tower resumes it: %d %s", g.Hold.From, g.Hold.Why, code, text)
		}
	}
}

// servedBy is who serves the messenger. On one shore the world does not know the addresses by which it is found: there it is
// the primary that all name servers lead to.
func (v *voyage) servedBy() string {
	m := v.nodes[0].messenger()
	if v.sea.one == nil {
		return m.servedBy()
	}
	for _, s := range m.Sites {
		if s.Primary && !slices.ContainsFunc(m.DNS, func(n struct{ Leads string }) bool { return n.Leads != s.ID }) {
			return s.ID
		}
	}
	return ""
}

// deny orders a move that one agrees with and one does not.
func (v *voyage) deny(round int, rnd *rand.Rand) error {
	if err := v.ordered(round, rnd); err != nil {
		return err
	}
	if err := v.says(rnd, "chair", "failover/talk/approve", fmt.Sprint(v.seed, "yes", round), struct{}{}); err != nil {
		return err
	}
	if err := v.says(rnd, "member", "failover/talk/deny", fmt.Sprint(v.seed, "no", round), struct{}{}); err != nil {
		return err
	}
	if err := v.sees(time.Minute, "the run is off", func(p bcp.Picture) bool { return p.Groups[0].State == bcp.RunAborted }); err != nil {
		return err
	}
	if err := v.says(rnd, "tower", "failover/talk/rearm", fmt.Sprint(v.seed, "rearm", round), struct{}{}); err != nil {
		return err
	}
	return v.sees(time.Minute, "the group is ready", func(p bcp.Picture) bool { return p.Groups[0].State != bcp.RunAborted })
}

// roundBook is a playbook of two acts on the messenger with a person between them.
const roundBook = `id: round-%d
title: {ko: 회차, en: Round}
steps:
  - id: freeze
    title: {ko: 동결, en: Freeze}
    owner: talk
    deputy: tower
    do: {kind: messenger, with: {act: freeze, site: dc3}}
    verify: {kind: fact, with: {name: messenger/dc3/frozen, equals: "true", within: 1m}}
    undo: {kind: messenger, with: {act: unfreeze, site: dc3}}
    timeout: 2m
  - id: count
    title: {ko: 인원 확인, en: Count}
    owner: site
    deputy: operator
    do: {kind: manual, with: {text: 모두 나왔는지 센다.}}
    evidence: 명부
    timeout: 10m
  - id: tell
    title: {ko: 알림, en: Tell}
    owner: pr
    deputy: legal
    depends_on: [freeze]
    do: {kind: notify, with: {to: operator, text: 동결했습니다.}}
    timeout: 2m
  - id: thaw
    title: {ko: 해제, en: Thaw}
    owner: talk
    deputy: tower
    depends_on: [freeze, count]
    do: {kind: messenger, with: {act: unfreeze, site: dc3}}
    verify: {kind: fact, with: {name: messenger/dc3/frozen, equals: "false", within: 1m}}
    undo: {kind: messenger, with: {act: freeze, site: dc3}}
    timeout: 2m
`

// play runs a playbook that two people start and one attests a step of.
func (v *voyage) play(round int, rnd *rand.Rand) error {
	book := fmt.Sprint("round-", round)
	for _, who := range []string{"chair", "tower"} {
		if err := v.says(rnd, who, "runs", fmt.Sprint(v.seed, "start", round), map[string]string{"playbook": book}); err != nil {
			return err
		}
	}
	var id string
	mine := func(p bcp.Picture) *bcp.Play {
		i := slices.IndexFunc(p.Plays, func(x *bcp.Play) bool { return x.Playbook.ID == book })
		if i < 0 {
			return nil
		}
		id = p.Plays[i].ID
		return p.Plays[i]
	}
	err := v.sees(time.Minute, "the playbook waits for its person", func(p bcp.Picture) bool {
		m := mine(p)
		return m != nil && m.Steps["count"] != nil && m.Steps["count"].State == bcp.StepWaitHuman
	})
	if err != nil {
		return err
	}
	if err := v.says(rnd, "safety", "runs/"+id+"/steps/count/attest", fmt.Sprint(v.seed, "attest", round), map[string]string{"evidence": "all out"}); err != nil {
		return err
	}
	return v.sees(2*time.Minute, book+" is done", func(p bcp.Picture) bool { m := mine(p); return m != nil && m.State == bcp.PlayDone })
}

// voters have a seat each and an account.
var voters = []string{"chair", "member", "tower", "lead", "safety"}

// vote puts a motion and lets everybody agree, all at once and at all consoles.
func (v *voyage) vote(round int, rnd *rand.Rand) error {
	text := fmt.Sprint("motion of round ", round)
	err := v.says(rnd, "chair", "bcp/motions", fmt.Sprint(v.seed, "motion", round), map[string]string{"kind": bcp.MotionRatify, "text": text})
	if err != nil {
		return err
	}
	var m bcp.MotionView
	err = v.sees(time.Minute, text+" is open", func(p bcp.Picture) bool {
		i := slices.IndexFunc(p.Motions, func(x bcp.MotionView) bool { return x.Text == text })
		if i >= 0 {
			m = p.Motions[i]
		}
		return i >= 0 && m.State != bcp.MotionDraft
	})
	if err != nil {
		return err
	}
	counted := v.votes(m.ID, rnd)
	err = v.sees(time.Minute, text+" has passed", func(p bcp.Picture) bool {
		i := slices.IndexFunc(p.Motions, func(x bcp.MotionView) bool { return x.ID == m.ID })
		m = p.Motions[i]
		return m.State == bcp.MotionPassed
	})
	for _, who := range counted {
		n := 0
		for _, vote := range m.Votes {
			if vote.Person == who && vote.Channel == bcp.ByConsole {
				n++
			}
		}
		if n != 1 && err == nil {
			err = fmt.Errorf("the vote of %s was taken and stands there %d times", who, n)
		}
	}
	return err
}

// votes has everybody vote yes and gives those whose vote was taken before the motion was closed.
func (v *voyage) votes(motion string, rnd *rand.Rand) (counted []string) {
	var wait sync.WaitGroup
	var mu sync.Mutex
	for _, who := range voters {
		s := v.nodes[rnd.IntN(3)]
		wait.Go(func() {
			code, _ := v.crowd.must(s, who, "bcp/motions/"+motion+"/votes", fmt.Sprint(v.seed, "vote"), map[string]string{"choice": bcp.VoteYes})
			if code == http.StatusOK {
				mu.Lock()
				counted = append(counted, who)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return counted
}
