package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"
)

// sessionStore keeps sessions in memory and, when it has a file, over a restart. The manager hands it
// hashes of the tokens, so the file opens no session to whoever reads it.
type sessionStore struct {
	file string

	mu    sync.Mutex
	live  map[string]storedSession
	ended map[string]time.Time // logged out lately: a request still under way must not revive it
	dirty bool
}

type storedSession struct {
	Data  []byte    `json:"data"`
	Until time.Time `json:"until"`
}

const endedFor = time.Minute

// openSessions reads what a former process left; an unreadable file only costs people a login.
func openSessions(file string) (*sessionStore, error) {
	s := &sessionStore{file: file, live: map[string]storedSession{}, ended: map[string]time.Time{}}
	if file == "" {
		return s, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s.live)
	}
	if err != nil {
		s.live = map[string]storedSession{}
		return s, fmt.Errorf("read sessions: %w", err)
	}
	if s.live == nil {
		s.live = map[string]storedSession{}
	}
	return s, nil
}

// Find returns a session that has not expired.
func (s *sessionStore) Find(token string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.live[token]
	if !ok || time.Now().After(found.Until) {
		return nil, false, nil
	}
	return found.Data, true, nil
}

// Commit keeps a session until a time, unless it was ended meanwhile.
func (s *sessionStore) Commit(token string, data []byte, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, gone := s.ended[token]; gone {
		return nil
	}
	s.live[token] = storedSession{Data: data, Until: until}
	s.dirty = true
	return nil
}

// Delete ends a session.
func (s *sessionStore) Delete(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, token)
	s.ended[token] = time.Now()
	s.dirty = true
	return nil
}

// save drops what has expired and writes the file if anything changed since the last time.
func (s *sessionStore) save() error {
	s.mu.Lock()
	now := time.Now()
	maps.DeleteFunc(s.live, func(_ string, v storedSession) bool { return now.After(v.Until) })
	maps.DeleteFunc(s.ended, func(_ string, at time.Time) bool { return now.Sub(at) > endedFor })
	if s.file == "" || !s.dirty {
		s.mu.Unlock()
		return nil
	}
	text, err := json.Marshal(s.live)
	s.dirty = false
	s.mu.Unlock()
	if err == nil {
		err = writeFile(s.file, text)
	}
	if err != nil {
		s.mu.Lock()
		s.dirty = true
		s.mu.Unlock()
		return fmt.Errorf("keep sessions: %w", err)
	}
	return nil
}
