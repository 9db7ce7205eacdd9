package collectors

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultProxy stands between a client and a server of any protocol in which a question is followed by its answer, and
// does to the answers what a script says. Questions pass as they are.
type faultProxy struct {
	net.Listener
	server string
	done   sync.WaitGroup

	mu     sync.Mutex
	script func(n int, answer []byte) wireFault // nil: answers pass
	count  int                                  // answers so far
	did    map[string]int
	conns  map[net.Conn]bool
	before []byte // the last answer of any connection
}

// wireFault is what happens to one answer. The zero value lets it pass.
type wireFault struct {
	name   string
	wait   time.Duration // before anything
	send   []byte        // in place of the answer; nil: the answer
	hole   bool          // nothing comes, and nothing ever will on this connection
	cut    int           // with reset or close: how many bytes come before
	reset  bool
	close  bool
	pieces bool // byte by byte, each in a packet of its own
	gap    time.Duration
}

func newFaultProxy(t *testing.T, server string) *faultProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{Listener: l, server: server, did: map[string]int{}, conns: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(p.end)
	return p
}

func (p *faultProxy) address() string { return p.Addr().String() }

// play does from now on what the script says; nil lets everything pass.
func (p *faultProxy) play(script func(n int, answer []byte) wireFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script, p.count = script, 0
}

// done says how often each fault was done.
func (p *faultProxy) faults() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for k, n := range p.did {
		out[k] = n
	}
	return out
}

func (p *faultProxy) end() {
	_ = p.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

func (p *faultProxy) accept() {
	for {
		conn, err := p.Accept()
		if err != nil {
			return
		}
		p.done.Go(func() { p.serve(conn.(*net.TCPConn)) })
	}
}

func (p *faultProxy) serve(client *net.TCPConn) {
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		_ = client.Close()
		return
	}
	p.keep(client, server)
	defer p.drop(client, server)
	p.done.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		if p.pass(client, slices.Clone(buf[:n])) != nil {
			return
		}
	}
}

func (p *faultProxy) keep(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.conns[c] = true
	}
}

func (p *faultProxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
		_ = c.Close()
	}
}

var errProxyEnds = errors.New("the proxy ends the connection")

// pass gives an answer on, or does to it what the script says.
func (p *faultProxy) pass(client *net.TCPConn, answer []byte) error {
	p.mu.Lock()
	var f wireFault
	if p.script != nil {
		f = p.script(p.count, answer)
		p.count++
		p.did[f.name]++
	}
	p.before = answer
	p.mu.Unlock()
	time.Sleep(f.wait)
	if f.send != nil {
		answer = f.send
	}
	switch {
	case f.hole:
		_, _ = io.Copy(io.Discard, client) // until the client gives up
		return errProxyEnds
	case f.reset || f.close:
		_, _ = client.Write(answer[:min(f.cut, len(answer))])
		if f.reset {
			_ = client.SetLinger(0)
		}
		return errProxyEnds
	case f.pieces:
		for i := range answer {
			if _, err := client.Write(answer[i : i+1]); err != nil {
				return err
			}
			time.Sleep(f.gap)
		}
		return nil
	}
	_, err := client.Write(answer)
	return err
}

// anyFault makes a script that does everything a wire can do, each answer something else by chance. What the
// frames of a protocol cannot show is left out: a bit that flips inside of TCP frames, which have no checksum.
func (p *faultProxy) anyFault(framing string, timeout time.Duration, chance *rand.Rand) func(int, []byte) wireFault {
	return func(_ int, answer []byte) wireFault {
		switch k := chance.IntN(46) - 22; {
		case k < 8:
			return wireFault{name: "passes"}
		case k < 9:
			return wireFault{name: "resets", reset: true, cut: chance.IntN(len(answer) + 1)}
		case k < 10:
			return wireFault{name: "closes", close: true, cut: chance.IntN(len(answer) + 1)}
		case k < 12:
			return wireFault{name: "splits", pieces: true, gap: time.Duration(chance.IntN(200)) * time.Microsecond}
		case k < 13:
			return wireFault{name: "delays", wait: timeout / 3}
		case k < 14:
			return wireFault{name: "swallows", hole: true}
		case k < 17:
			return wireFault{name: "is late", wait: timeout + time.Duration(chance.IntN(int(timeout)))}
		case k < 18:
			garbage := make([]byte, 1+chance.IntN(40))
			for i := range garbage {
				garbage[i] = byte(chance.IntN(256))
			}
			return wireFault{name: "is garbage", send: garbage}
		case k < 19:
			return wireFault{name: "says it twice", send: slices.Concat(answer, answer)}
		case k < 20 && framing == "tcp":
			return wireFault{name: "says the last one again", send: slices.Clone(p.before)}
		case k < 21 && framing == "tcp":
			return wireFault{name: "says the last one first", send: slices.Concat(p.before, answer)}
		case k < 22:
			bad := slices.Clone(answer)
			at := chance.IntN(len(bad))
			if framing == "tcp" {
				at = chance.IntN(headerSize)
			}
			bad[at] ^= 1 << chance.IntN(8)
			if framing == "ascii" && strings.EqualFold(string(bad), string(answer)) {
				bad[0] = '!' // small letters are the same digits
			}
			return wireFault{name: "flips a bit", send: bad}
		}
		return wireFault{name: "cuts off and goes on", send: answer[:chance.IntN(len(answer))]}
	}
}

// TestFaultProxyDoesWhatItIsTold holds the tool itself against a server that answers "abcdef" to each byte.
func TestFaultProxyDoesWhatItIsTold(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for one := make([]byte, 1); ; {
					if _, err := conn.Read(one); err != nil {
						return
					}
					if _, err := conn.Write([]byte("abcdef")); err != nil {
						return
					}
				}
			}()
		}
	}()
	p := newFaultProxy(t, l.Addr().String())
	for name, c := range map[string]struct {
		fault wireFault
		want  string
		ends  string // how it goes on behind that
	}{
		"passes": {wireFault{}, "abcdef", "timeout"},
		"cut":    {wireFault{reset: true, cut: 2}, "", "reset"}, // a reset may take along what came before it
		"closed": {wireFault{close: true, cut: 3}, "abc", "EOF"},
		"hole":   {wireFault{hole: true}, "", "timeout"},
		"other":  {wireFault{send: []byte("xyz")}, "xyz", "timeout"},
		"pieces": {wireFault{pieces: true, gap: time.Millisecond}, "abcdef", "timeout"},
		"late":   {wireFault{wait: 300 * time.Millisecond}, "abcdef", "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			p.play(func(int, []byte) wireFault { return c.fault })
			conn, err := net.Dial("tcp", p.address())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			began := time.Now()
			_, _ = conn.Write([]byte("?"))
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			got := make([]byte, len(c.want))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != c.want || time.Since(began) < c.fault.wait {
				t.Fatalf("got %q, want %q, after %v: %v", got, c.want, time.Since(began), err)
			}
			if how := goesOn(conn, c.ends == "timeout"); how != c.ends {
				t.Errorf("it goes on with %q, want %q", how, c.ends)
			}
		})
	}
}

// goesOn says how a connection ends, or that nothing more comes within a moment.
func goesOn(conn net.Conn, moment bool) string {
	if moment {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	}
	rest, err := io.ReadAll(conn)
	var timeout net.Error
	switch {
	case moment && len(rest) > 0:
		return fmt.Sprintf("%q", rest)
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case err != nil:
		return "reset"
	}
	return "EOF"
}
