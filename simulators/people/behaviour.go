package people

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bongsu/facility"
)

// Conduct is how a person behaves for a while, whatever the roster says of them.
type Conduct string

// The ways a person can behave. A person has at most one of each at a time.
const (
	Asleep      Conduct = "asleep"       // gets everything, answers once awake; enough calls wake them
	Abroad      Conduct = "abroad"       // no call comes through, texts come late, and answers as late
	MailboxFull Conduct = "mailbox-full" // mail is turned away
	WrongNumber Conduct = "wrong-number" // calls and texts are turned away
	AnswersNo   Conduct = "answers-no"   // votes no
	AnswersLate Conduct = "answers-late" // answers, later than the roster says
)

// Conducts lists them.
func Conducts() []Conduct {
	return []Conduct{Asleep, Abroad, MailboxFull, WrongNumber, AnswersNo, AnswersLate}
}

const (
	abroadDelay = time.Minute
	lateDelay   = 5 * time.Minute
	maxDelay    = 24 * time.Hour
)

// Override is one person's conduct for a while. Nothing of it changes the roster.
type Override struct {
	Who     string
	Conduct Conduct
	Delay   time.Duration // of abroad and answers-late; 0 is a minute, and five
	Calls   int           // of asleep: that wake; 0 is however many come
}

// ErrConduct refuses an override that says nothing sensible.
var ErrConduct = errors.New("no such conduct")

// check fills what an override may leave out.
func (o Override) check() (Override, error) {
	if !slices.Contains(Conducts(), o.Conduct) {
		return o, fmt.Errorf("%w: %q; one of %v", ErrConduct, o.Conduct, Conducts())
	}
	if o.Delay < 0 || o.Delay > maxDelay || o.Calls < 0 {
		return o, fmt.Errorf("%w: a delay of %v after %d calls", ErrConduct, o.Delay, o.Calls)
	}
	if o.Delay == 0 && o.Conduct == Abroad {
		o.Delay = abroadDelay
	}
	if o.Delay == 0 && o.Conduct == AnswersLate {
		o.Delay = lateDelay
	}
	return o, nil
}

// Behave begins an override under an id of its own, and returns how it ends: what waited for it goes on then.
func (b *Inbox) Behave(id string, o Override) (end func(), err error) {
	if o, err = o.check(); err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.conduct[id] = &o
	b.mu.Unlock()
	if o.Conduct == Asleep {
		b.Silence(id, &Silence{Who: o.Who})
	}
	return func() {
		b.mu.Lock()
		delete(b.conduct, id)
		b.mu.Unlock()
		if o.Conduct == Asleep {
			b.Silence(id, nil)
		}
	}, nil
}

// conductOf finds an override; the lock is held.
func (b *Inbox) conductOf(person *facility.Person, c Conduct) (id string, o *Override) {
	if person == nil {
		return "", nil
	}
	for id, o := range b.conduct {
		if o.Who == person.ID && o.Conduct == c {
			return id, o
		}
	}
	return "", nil
}

// errBounced refuses a message to somebody who cannot have it.
var errBounced = errors.New("undeliverable")

// bounce says why a message cannot reach a person, and whether the channel tells its sender at once; the lock
// is held.
func (b *Inbox) bounce(person *facility.Person, channel string) (why string, atOnce bool) {
	called := channel == ChannelPhone || channel == ChannelSMS
	if _, full := b.conductOf(person, MailboxFull); full != nil && channel == ChannelMail {
		return "the mailbox is full", true
	}
	if _, wrong := b.conductOf(person, WrongNumber); wrong != nil && called {
		return "no such number", true
	}
	if _, abroad := b.conductOf(person, Abroad); abroad != nil && channel == ChannelPhone {
		return "the phone cannot be reached", false
	}
	if b.flaw(channel).loses(b.rng) {
		return "lost on its way", false
	}
	return "", false
}

// lateness is what is added to a delivery and to an answer; the lock is held.
func (b *Inbox) lateness(person *facility.Person, channel string) (delivery, answer time.Duration) {
	delivery = b.flaw(channel).delay
	if _, o := b.conductOf(person, Abroad); o != nil {
		answer += o.Delay
		if channel == ChannelSMS {
			delivery += o.Delay
		}
	}
	if _, o := b.conductOf(person, AnswersLate); o != nil {
		answer += o.Delay
	}
	return delivery, answer
}

// ring counts a call to somebody asleep; enough of them wake.
func (b *Inbox) ring(person *facility.Person, channel string) {
	b.mu.Lock()
	id, o := b.conductOf(person, Asleep)
	woken := false
	if o != nil && channel == ChannelPhone && o.Calls > 0 {
		o.Calls--
		if woken = o.Calls == 0; woken {
			delete(b.conduct, id)
		}
	}
	b.mu.Unlock()
	if woken {
		b.Silence(id, nil)
	}
}

// voteOf is what a person votes; the lock is not held.
func (b *Inbox) voteOf(person facility.Person) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, o := b.conductOf(&person, AnswersNo); o != nil {
		return "no"
	}
	return person.Vote
}

// Flaw is what is wrong with a channel that works.
type Flaw struct {
	delay time.Duration
	loss  float64
}

// Slow makes every delivery of a channel take longer.
func Slow(d time.Duration) Flaw { return Flaw{delay: d} }

// Lossy makes a share of the messages vanish after they were accepted.
func Lossy(share float64) Flaw { return Flaw{loss: share} }

// Impair puts a flaw on a channel under an id of its own, or with nil takes it away.
func (b *Inbox) Impair(id, channel string, f *Flaw) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.flaws, id)
	if f != nil {
		b.flaws[id] = impaired{channel, *f}
	}
}

type impaired struct {
	channel string
	flaw    Flaw
}

// flaw adds up what is wrong with a channel; the lock is held.
func (b *Inbox) flaw(channel string) (sum Flaw) {
	for _, f := range b.flaws {
		if f.channel == channel {
			sum.delay += f.flaw.delay
			sum.loss = 1 - (1-sum.loss)*(1-f.flaw.loss)
		}
	}
	return sum
}

func (f Flaw) loses(rng *rand.Rand) bool { return f.loss > 0 && rng.Float64() < f.loss }
