package ui

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// stream is an open live stream.
type stream struct {
	t     *testing.T
	body  io.ReadCloser
	lines *bufio.Reader
	head  http.Header
}

type event struct {
	id   string
	name string
	data string
}

func (b *browser) open(view string, headers ...string) *stream {
	b.h.t.Helper()
	r, err := http.NewRequest("GET", "http://console.test/api/v1/live?view="+view, nil)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for k, v := range b.header {
		r.Header.Set(k, v)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if res.StatusCode != 200 {
		text, _ := io.ReadAll(res.Body)
		b.h.t.Fatalf("open stream %s: %d %s", view, res.StatusCode, text)
	}
	s := &stream{t: b.h.t, body: res.Body, lines: bufio.NewReader(res.Body), head: res.Header}
	b.h.t.Cleanup(s.close)
	return s
}

func (s *stream) close() { _ = s.body.Close() }

// next reads one event; err tells that the stream ended.
func (s *stream) next() (e event, err error) {
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return e, err
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "":
			if e.name != "" {
				return e, nil
			}
		}
	}
}

// until reads on to the next event of a name.
func (s *stream) until(name string) event {
	s.t.Helper()
	for {
		e, err := s.next()
		if err != nil {
			s.t.Fatalf("the stream ended with %v before a %s", err, name)
		}
		if e.name == name {
			return e
		}
	}
}

func (e event) into(t *testing.T, v any) event {
	t.Helper()
	if err := json.Unmarshal([]byte(e.data), v); err != nil {
		t.Fatalf("event %s: %v in %s", e.name, err, e.data)
	}
	return e
}
