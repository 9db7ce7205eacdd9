package historian

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// slow is a database that takes no more than so many lines a second, once it takes any at all.
type slow struct {
	*database
	perSecond int
}

func (s *slow) write(ctx context.Context, text string) error {
	if err := s.database.write(ctx, text); err != nil {
		return err
	}
	select {
	case <-time.After(time.Duration(strings.Count(text, "\n")) * time.Second / time.Duration(s.perSecond)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The database was away for a quarter of an hour and comes back little faster than what the site makes: the backlog
// takes as long again. What comes meanwhile is in the database within the time of a write or two, and in the end every
// line is there.
func TestTheNewestValuesDoNotWaitBehindABacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const points, away = 100, 15 * time.Minute
		spool := openSpool(t, t.TempDir(), cells(points), journal.SpoolOptions{})
		db := &slow{database: &database{lines: map[string]bool{}, away: errors.New("connection refused")}, perSecond: 3 * points}
		f := fakeForwarder(t, t.TempDir(), db.database)
		f.write = db.write
		f.Overtake(func(ctx context.Context, take func(Batch) error) error {
			return spool.Tail(ctx, spool.LastSeq(), func(b journal.Batch) error {
				return take(Batch{Seq: b.Seq, Points: b.Points, Samples: b.Samples})
			})
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = f.Run(ctx) })
		running.Go(func() { _ = deliverFrom(ctx, spool, f) })
		made := 0
		site := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); made++ {
				now := time.Now()
				poll := round(points, made)
				for i := range poll {
					poll[i].At, poll[i].Seen = now, now
				}
				if err := spool.Append(poll); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
		}
		newestSeen := func() bool {
			at := time.Now().Add(-40 * time.Second).Truncate(time.Second)
			db.mu.Lock()
			defer db.mu.Unlock()
			for l := range db.lines {
				if strings.HasSuffix(l, fmt.Sprint(at.UnixMilli())) {
					return true
				}
			}
			return false
		}
		site(away)
		db.set(nil)
		site(2 * time.Minute)
		late := 0
		for range 6 {
			site(30 * time.Second)
			if !newestSeen() {
				late++
			}
		}
		if late > 0 || !f.Health().Behind {
			t.Errorf("in %d of 6 looks the value of forty seconds ago was missing; health %+v", late, f.Health())
		}
		site(20 * time.Minute)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got, want := db.count(), points*made; got != want || f.Position() != spool.LastSeq() || f.Health().Behind {
			t.Errorf("%d of %d lines, position %d of %d, health %+v", got, want, f.Position(), spool.LastSeq(), f.Health())
		}
		cancel()
		running.Wait()
	})
}

// The lane's tail breaks in the middle of a backlog: a new lane begins, and the hole between them comes with the
// backlog.
func TestABrokenLaneLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &database{lines: map[string]bool{}}
		f := fakeForwarder(t, t.TempDir(), db)
		batch := func(seq uint64, age time.Duration) Batch {
			at := time.Now().Add(-age)
			return Batch{Seq: seq, Points: cells(1), Samples: []facility.Sample{{Quality: facility.Good, Value: float64(seq), At: at, Seen: at}}}
		}
		var tails atomic.Int32
		f.Overtake(func(ctx context.Context, take func(Batch) error) error {
			if tails.Add(1) == 1 {
				_ = take(batch(100, 0))
				return errors.New("the field went away")
			}
			_ = take(batch(103, 0)) // 101 and 102 were made meanwhile
			<-ctx.Done()
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = f.Run(ctx) })
		for seq := uint64(1); seq <= 110; seq++ {
			if err := f.Take(ctx, batch(seq, time.Hour-time.Duration(seq)*time.Second)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		values := map[string]bool{}
		db.mu.Lock()
		for l := range db.lines {
			_, v, _ := strings.Cut(l, "value=")
			v, _, _ = strings.Cut(v, " ")
			values[v] = true
		}
		db.mu.Unlock()
		if len(values) != 110 || tails.Load() < 2 || f.Position() != 110 {
			t.Errorf("%d of 110 values after %d tails, position %d", len(values), tails.Load(), f.Position())
		}
		cancel()
		running.Wait()
	})
}
