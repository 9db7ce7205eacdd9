package people

import (
	"errors"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// What a scenario says of a person holds for as long as it lasts, and the roster holds again afterwards.
func TestPeopleBehaveAsTheScenarioSays(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	send := func(ref, path, to string) int {
		return post(t, "http://"+b.Addresses().Gateway+path, `{"to":"`+to+`","text":"declare?","ref":"`+ref+`","ask":["join","vote"],"callback":"`+answers.url+`"}`)
	}
	is := func(ref string, want ...string) {
		t.Helper()
		eventually(t, ref, func() bool { return slices.Equal(answers.of(ref), want) })
	}
	behave := func(o Override) func() {
		t.Helper()
		end, err := b.Behave(string(o.Conduct)+o.Who, o)
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	all := []string{"delivered", "acked", "joined", "voted:yes"}

	end := behave(Override{Who: "kim", Conduct: AnswersNo})
	send("votes no", "/sms", "kim")
	is("votes no", "delivered", "acked", "joined", "voted:no")
	end()
	send("votes yes again", "/sms", "kim")
	is("votes yes again", all...)

	end = behave(Override{Who: "kim", Conduct: AnswersLate, Delay: 200 * time.Millisecond})
	send("late", "/sms", "+82-1")
	is("late", all...)
	if m := b.State().Items[0]; m.Acked.Sub(*m.Delivered) < 200*time.Millisecond {
		t.Errorf("acknowledged after %v, want 200 ms at least", m.Acked.Sub(*m.Delivered))
	}
	end()

	end = behave(Override{Who: "kim", Conduct: WrongNumber})
	if status := send("wrong number", "/sms", "+82-1"); status != 422 {
		t.Errorf("a wrong number: %d, want 422", status)
	}
	send("the board has no number", "/webhook/board", "kim")
	is("the board has no number", all...)
	end()

	end = behave(Override{Who: "kim", Conduct: Abroad, Delay: 150 * time.Millisecond})
	if status := send("call abroad", "/phone", "+82-1"); status != 202 {
		t.Errorf("a call to somebody abroad: %d", status)
	}
	send("text abroad", "/sms", "+82-1")
	is("text abroad", all...)
	is("call abroad")
	if m := b.State().Items[0]; m.Delivered.Sub(m.Received) < 150*time.Millisecond {
		t.Errorf("a text abroad came after %v", m.Delivered.Sub(m.Received))
	}
	end()
	s := b.State()
	if s.Bounced != 2 || s.Items[1].Bounce == "" || s.Items[1].Told || s.Items[1].Delivered != nil || len(s.Conduct) != 0 {
		t.Errorf("bounced %d, the call %+v, left over %v", s.Bounced, s.Items[1], s.Conduct)
	}
}

// Who sleeps answers when awake: at the end of it, or after enough calls.
func TestSleepersWake(t *testing.T) {
	answers := listenForAnswers(t)
	b := startInbox(t)
	send := func(ref, path, to string) {
		post(t, "http://"+b.Addresses().Gateway+path, `{"to":"`+to+`","text":"fire","ref":"`+ref+`","callback":"`+answers.url+`"}`)
	}
	end, err := b.Behave("f1", Override{Who: "choi", Conduct: Asleep, Calls: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	send("a text", "/sms", "choi")
	send("the first call", "/phone", "choi")
	for _, ref := range []string{"a text", "the first call"} {
		eventually(t, ref+" is only delivered", func() bool { return slices.Equal(answers.of(ref), []string{"delivered"}) })
	}
	if c := b.State().Conduct; len(c) != 1 || c[0].Calls != 1 {
		t.Errorf("after one call: %+v", c)
	}
	send("the second call", "/phone", "choi")
	for _, ref := range []string{"a text", "the first call", "the second call"} {
		eventually(t, ref+" is answered", func() bool { return slices.Equal(answers.of(ref), []string{"delivered", "acked"}) })
	}
}

// A full mailbox turns its own mail away and nobody else's, and the inbox shows it.
func TestAFullMailboxBounces(t *testing.T) {
	b := startInbox(t)
	if _, err := b.Behave("f1", Override{Who: "kim", Conduct: MailboxFull}); err != nil {
		t.Fatal(err)
	}
	c, err := smtp.Dial(b.Addresses().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("bongsu@demo"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("kim@demo"); err == nil || !strings.HasPrefix(err.Error(), "552") {
		t.Errorf("a full mailbox: %v", err)
	}
	if err := c.Rcpt("lee@demo"); err != nil {
		t.Error(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("Subject: fire\r\n\r\nB1\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := b.State()
	if len(s.Items) != 2 || s.Bounced != 1 || s.Items[0].Person != "lee" || s.Items[0].Bounced != nil || s.Items[1].Person != "kim" || s.Items[1].Bounced == nil || !s.Items[1].Told {
		t.Errorf("%+v", s)
	}
}

// A channel may be slow, or lose some of what it accepted: the same ones for a seed.
func TestChannelsWithAFlaw(t *testing.T) {
	lost := func() (refs string) {
		b := New([]facility.Person{{ID: "kim", Phone: "+82-1"}}, nil)
		f := Lossy(.3)
		b.Impair("f1", ChannelSMS, &f)
		for range 1000 {
			if _, err := b.receive(Message{Channel: ChannelSMS, To: "+82-1"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range b.items {
			refs += map[bool]string{true: "x", false: "."}[m.Bounced != nil]
		}
		b.Impair("f1", ChannelSMS, nil)
		if _, err := b.receive(Message{Channel: ChannelSMS, To: "+82-1"}); err != nil || b.items[len(b.items)-1].Bounced != nil {
			t.Error("a healed channel loses messages")
		}
		return refs
	}
	a, again := lost(), lost()
	if n := strings.Count(a, "x"); a != again || n < 240 || n > 360 {
		t.Errorf("%d of 1000 lost, the same ones again: %v", strings.Count(a, "x"), a == again)
	}
	b := startInbox(t)
	f := Slow(200 * time.Millisecond)
	b.Impair("f2", ChannelPhone, &f)
	post(t, "http://"+b.Addresses().Gateway+"/phone", `{"to":"+82-2","text":"fire"}`)
	eventually(t, "a slow call comes through", func() bool { return b.State().Items[0].Delivered != nil })
	if m := b.State().Items[0]; m.Delivered.Sub(m.Received) < 200*time.Millisecond {
		t.Errorf("after %v", m.Delivered.Sub(m.Received))
	}
}

func TestConductsAreChecked(t *testing.T) {
	b := New(nil, nil)
	for _, o := range []Override{{Conduct: "grumpy"}, {Conduct: Abroad, Delay: -1}, {Conduct: Asleep, Calls: -1}, {Conduct: AnswersLate, Delay: 48 * time.Hour}} {
		if _, err := b.Behave("x", o); !errors.Is(err, ErrConduct) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
