package wire

import (
	"net"
	"sync"
	"time"
)

// helloWithin is how long a connection may say nothing. The broker waits for it when it closes, so without a limit
// one silent connection would keep it open for ever; after the hello the client's own keep-alive counts.
const helloWithin = 2 * time.Second

// doorway is the broker's listener. The broker must not close while a connection is between the door and its books:
// it would count it too late. So the door shuts first, and waits until whoever came through is being listened to.
type doorway struct {
	net.Listener

	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup // taken, and not yet listened to
}

// Accept waits for the next connection.
func (d *doorway) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = c.Close()
		return nil, net.ErrClosed
	}
	_ = c.SetDeadline(time.Now().Add(helloWithin)) // fails on a connection that is gone again, and so will its reading
	d.inside.Add(1)
	return &comer{Conn: c, heard: sync.OnceFunc(d.inside.Done)}, nil
}

// shut lets nobody in any more.
func (d *doorway) shut() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	_ = d.Listener.Close()
	d.inside.Wait()
}

// comer is a connection that tells when it is first listened to.
type comer struct {
	net.Conn
	heard func()
}

// Read reads what the client says.
func (c *comer) Read(b []byte) (int, error) {
	c.heard()
	return c.Conn.Read(b)
}

// Close ends the connection.
func (c *comer) Close() error {
	c.heard()
	return c.Conn.Close()
}
