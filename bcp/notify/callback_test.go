package notify_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bongsu/bcp/notify"
)

func newCallbacks(t testing.TB, secret []byte) *notify.Callbacks {
	t.Helper()
	c, err := notify.NewCallbacks(secret)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func said(kind, person, value string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"message":"sms-7","ref":"motion/m1/2/0","channel":"sms","person":%q,"to":"+82-1","event":%q,"value":%q,"at":%q}`,
		person, kind, value, at.Format(time.RFC3339Nano))
}

// Kim votes by the link that was sent to Kim. Every other way to get a vote in under Kim's name fails.
func TestNobodyAnswersForSomebodyElse(t *testing.T) {
	const key = "motion/m1/2/0"
	c := newCallbacks(t, secret)
	kim, lee := c.Token(key, "kim"), c.Token(key, "lee")
	foreign := newCallbacks(t, []byte(strings.Repeat("another house's secret", 2))).Token(key, "kim")
	head, mac, _ := strings.Cut(kim, ".")
	leesHead, _, _ := strings.Cut(lee, ".")
	vote := said("voted", "kim", "yes", fire)
	cases := []struct {
		name, token string
		body        []byte
		want        error
	}{
		{"Kim's own", kim, vote, nil},
		{"Kim's own from a gateway that knows no roster", kim, said("voted", "", "no", fire), nil},
		{"made by another house", foreign, vote, notify.ErrToken},
		{"Lee's payload under Kim's signature", leesHead + "." + mac, vote, notify.ErrToken},
		{"a signature cut short", head + "." + mac[:20], vote, notify.ErrToken},
		{"no signature", head + ".", vote, notify.ErrToken},
		{"no token", "", vote, notify.ErrToken},
		{"a token of a megabyte", strings.Repeat("A", 1<<20), vote, notify.ErrToken},
		{"a signature spelt otherwise", kim + "=", vote, notify.ErrToken},
		{"Kim's vote by Lee's link", lee, vote, notify.ErrToken},
		{"Kim's vote on another motion", c.Token("motion/m2/2/0", "kim"), vote, notify.ErrToken},
		{"next year's vote", kim, said("voted", "kim", "yes", fire.AddDate(1, 0, 0)), notify.ErrEvent},
		{"no event", kim, []byte("yes"), notify.ErrEvent},
	}
	for _, x := range cases {
		e, err := c.Answer(fire.Add(time.Second), x.token, x.body)
		if !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
		if x.want == nil && (e.Key != key || e.Person != "kim" || e.Kind != notify.EventVoted) {
			t.Errorf("%s: %+v", x.name, e)
		}
	}
}

// Where one name ends and the next begins is part of what is signed.
func TestTokensDoNotBleed(t *testing.T) {
	c := newCallbacks(t, secret)
	if c.Token("run/1", "1kim") == c.Token("run/11", "kim") {
		t.Error("two people share a token")
	}
	for _, x := range [][2]string{{"", ""}, {"k", ""}, {"", "p"}, {"summon/본부 소집/kim/2/0", "김\x00"}} {
		key, person, err := c.Open(c.Token(x[0], x[1]))
		if err != nil || key != x[0] || person != x[1] {
			t.Errorf("%q opens to %q, %q, %v", x, key, person, err)
		}
		if token := c.Token(x[0], x[1]); strings.ContainsAny(token, "/+=?&# ") {
			t.Errorf("%s does not fit into a URL", token)
		}
	}
	if _, err := notify.NewCallbacks([]byte("short")); err == nil {
		t.Error("a short secret was taken")
	}
}

// Kim says yes, thinks again and says no. Whoever kept the first call cannot turn the vote back; a gateway
// whose call could not be written down may repeat it.
func TestAReplayChangesNothing(t *testing.T) {
	c := newCallbacks(t, secret)
	token := c.Token("motion/m1/2/0", "kim")
	yes, no := said("voted", "kim", "yes", fire), said("voted", "kim", "no", fire.Add(time.Minute))
	now := fire.Add(2 * time.Minute)
	answer := func(body []byte) error {
		_, err := c.Answer(now, token, body)
		return err
	}
	keep := func(body []byte) {
		e, err := c.Answer(now, token, body)
		if err != nil {
			t.Fatal(err)
		}
		c.Keep(e)
	}
	if err := answer(yes); err != nil {
		t.Fatal(err)
	}
	if err := answer(yes); err != nil {
		t.Errorf("not written down yet: %v", err)
	}
	keep(yes)
	keep(no)
	for name, body := range map[string][]byte{"yes": yes, "no": no} {
		if err := answer(body); !errors.Is(err, notify.ErrReplayed) {
			t.Errorf("%s again: %v", name, err)
		}
	}
	if err := answer(said("delivered", "kim", "", fire)); err != nil {
		t.Errorf("another kind of event: %v", err)
	}
	if _, err := c.Answer(now, c.Token("motion/m1/2/0", "lee"), said("voted", "lee", "yes", fire)); err != nil {
		t.Errorf("another person: %v", err)
	}
}

// An event is one flat object of known strings; anything looser could mean two things to two readers.
func TestEventsAreReadStrictly(t *testing.T) {
	at := `"at":"2022-10-15T06:19:00Z"`
	cases := []struct {
		name, body string
		ok         bool
	}{
		{"the least", `{"event":"acked",` + at + `}`, true},
		{"with everything", string(said("voted", "kim", "abstain", fire)), true},
		{"an empty value", `{"event":"joined","value":"",` + at + `}`, true},
		{"no time", `{"event":"acked"}`, false},
		{"a number for a time", `{"event":"acked","at":1}`, false},
		{"a time before there were phones", `{"event":"acked","at":"1019-10-15T06:19:00Z"}`, false},
		{"unknown event", `{"event":"read",` + at + `}`, false},
		{"another spelling", `{"Event":"acked",` + at + `}`, false},
		{"given twice", `{"event":"acked","event":"voted",` + at + `}`, false},
		{"an unknown field", `{"event":"acked","role":"chair",` + at + `}`, false},
		{"a vote for nothing", `{"event":"voted",` + at + `}`, false},
		{"a vote for something else", `{"event":"voted","value":"YES",` + at + `}`, false},
		{"a vote in an acknowledgement", `{"event":"acked","value":"yes",` + at + `}`, false},
		{"nested", `{"event":{"a":"acked"},` + at + `}`, false},
		{"two objects", `{"event":"acked",` + at + `}{}`, false},
		{"cut off", `{"event":"acked",` + at, false},
		{"a list", `[]`, false},
		{"no UTF-8", "{\"event\":\"acked\",\"person\":\"\xff\"," + at + "}", false},
		{"a long field", `{"event":"acked","to":"` + strings.Repeat("1", 2000) + `",` + at + `}`, false},
		{"too long", `{"event":"acked",` + strings.Repeat(" ", 20<<10) + at + `}`, false},
	}
	for _, c := range cases {
		_, err := notify.ParseEvent([]byte(c.body))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, notify.ErrEvent) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What is accepted can be written back and means the same.
func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(`{"event":"acked","at":"2022-10-15T06:19:00Z"}`))
	f.Add(said("voted", "kim", "yes", fire))
	f.Add([]byte(`{"event":"joined","at":"2022-10-15T15:19:00.123456789+09:00","ref":"\u0000","person":"김"}`))
	f.Add([]byte(`{"event":"acked","at":"9000-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := notify.ParseEvent(body)
		if err != nil {
			if !errors.Is(err, notify.ErrEvent) {
				t.Errorf("%v is no ErrEvent", err)
			}
			return
		}
		back, err := json.Marshal(map[string]string{"ref": e.Key, "person": e.Person, "event": e.Kind, "value": e.Value,
			"channel": e.Channel, "at": e.At.Format(time.RFC3339Nano)})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := notify.ParseEvent(back); err != nil || again != e {
			t.Errorf("%q reads %+v; written back %+v, %v", body, e, again, err)
		}
	})
}

// No token opens but those that were made, and those are spelt in one way only.
func FuzzOpen(f *testing.F) {
	c := newCallbacks(f, secret)
	f.Add(c.Token("motion/m1/2/0", "kim"))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte{0xff, 0xff, 0xff}) + ".")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if key, person, err := c.Open(token); err == nil && c.Token(key, person) != token {
			t.Errorf("%q opens to %q, %q", token, key, person)
		}
	})
}
