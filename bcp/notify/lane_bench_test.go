package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/notify"
)

// attempts is what the bench saw of each person: when the first message to them was begun, and when a
// gateway that lives had the first one.
type attempts struct {
	mu      sync.Mutex
	began   time.Time
	tried   map[string]time.Duration
	reached map[string]time.Duration
}

func (a *attempts) note(list map[string]time.Duration, person string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := list[person]; !ok {
		list[person] = time.Since(a.began)
	}
}

func (a *attempts) count(list map[string]time.Duration) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(list)
}

// BenchmarkLane pages 1,500 people of three channels each, over real sockets, in the default lane. One of the
// channels takes connections and never answers; a third of the people have it first.
func BenchmarkLane(b *testing.B) {
	const people = 1500
	for b.Loop() {
		seen := &attempts{tried: map[string]time.Duration{}, reached: map[string]time.Duration{}}
		sms := startGateway(b, func(w http.ResponseWriter, p posted) {
			seen.note(seen.reached, p.To)
			accept(w, p)
		})
		mails := startRelay(b, nil)
		mails.onMail = func(to string) { seen.note(seen.reached, to) }
		s, err := notify.New(notify.Config{Callback: "http://console.example/answers", Channels: map[string]notify.Channel{
			"sms":   {Domain: "telco", URL: sms.url},
			"voice": {Domain: "telco-b", URL: startGateway(b, hang).url},
			"email": {Domain: "mail", SMTP: mails.address, From: "bongsu@demo"},
		}}, notify.Options{Secret: secret})
		if err != nil {
			b.Fatal(err)
		}
		post := notify.NewPost(s, notify.PostOptions{Drain: time.Second, Report: func(r notify.Result) {
			if r.State == notify.StateSending {
				seen.note(seen.tried, r.Person)
			}
		}})
		var running sync.WaitGroup
		running.Go(func() {
			if err := post.Run(b.Context()); err != nil {
				b.Error(err)
			}
		})
		roster := &bcp.Roster{}
		for i := range people {
			id := fmt.Sprintf("p%d@demo", i)
			var channels []bcp.Channel
			for j := range 3 {
				kind := []string{notify.KindSMS, notify.KindVoice, notify.KindEmail}[(i+j)%3]
				channels = append(channels, bcp.Channel{ID: kind, Kind: kind, Domain: kind, Address: id})
			}
			roster.People = append(roster.People, bcp.Person{ID: id, Channels: channels})
		}
		seen.began = time.Now()
		for i, p := range roster.People {
			effect := bcp.Effect{Key: fmt.Sprintf("incident/i1/%d/0", i), Kind: bcp.EffectPage, To: p.ID, Args: map[string]string{"incident": "i1"}}
			if refused := post.Put(notify.Plan(effect, roster, seen.began)); len(refused) > 0 {
				b.Fatalf("%+v", refused)
			}
		}
		for seen.count(seen.reached) < people && time.Since(seen.began) < 2*time.Minute {
			time.Sleep(20 * time.Millisecond)
		}
		post.Close()
		running.Wait()
		s.Close()
		seen.print(b, people)
	}
}

func (a *attempts) print(b *testing.B, people int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// The first counts when a gateway has it, not when it was begun.
	first, all, reached := time.Hour, time.Duration(0), time.Duration(0)
	for _, at := range a.tried {
		all = max(all, at)
	}
	for _, at := range a.reached {
		first, reached = min(first, at), max(reached, at)
	}
	line, err := json.Marshal(map[string]any{"bench": "page.lane", "people": people, "attempted": len(a.tried), "seconds_first": round(first),
		"seconds_all": round(all), "reached": len(a.reached), "seconds_reached": round(reached)})
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(string(line))
	if len(a.reached) < people {
		b.Errorf("%d of %d people reached", len(a.reached), people)
	}
}

func round(d time.Duration) float64 { return float64(d.Round(time.Millisecond)) / float64(time.Second) }
