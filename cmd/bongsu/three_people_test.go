package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"sync"
	"time"
)

// person is somebody at one node's console, who stays logged in over the rounds.
type person struct {
	mu     sync.Mutex
	user   string
	base   string
	client *http.Client
}

// crowd is everybody who asks for something, and what each was told.
type crowd struct {
	tr     *trio
	mu     sync.Mutex
	people map[string]*person
	taken  []string // requests that were answered with yes
}

func newCrowd(tr *trio) *crowd {
	return &crowd{tr: tr, people: map[string]*person{}}
}

func (c *crowd) at(s *seat, user string) *person {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.people[s.name+user]
	if p == nil {
		jar, _ := cookiejar.New(nil)
		p = &person{user: user, base: s.base + "/api/v1/", client: &http.Client{Jar: jar, Timeout: 12 * time.Second}}
		c.people[s.name+user] = p
	}
	return p
}

// ask sends one request, and logs in first where that is needed. 0 is no answer.
func (p *person) ask(path, key string, body any) (code int, id, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range 2 {
		code, id, text = p.once(path, key, body)
		if code != http.StatusUnauthorized {
			break
		}
		if code, _, text = p.once("session", "", map[string]string{"user": p.user, "password": "bongsu-demo"}); code/100 != 2 {
			return 0, "", text
		}
	}
	return code, id, text
}

func (p *person) once(path, key string, body any) (int, string, string) {
	raw, _ := json.Marshal(body)
	req, err := http.NewRequest(http.MethodPost, p.base+path, bytes.NewReader(raw))
	if err != nil {
		return 0, "", err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, "", err.Error()
	}
	defer resp.Body.Close()
	var out struct{ ID, Detail string }
	_ = json.NewDecoder(resp.Body).Decode(&out)
	return resp.StatusCode, out.ID, out.Detail
}

// must asks at one node after the other, with one key, until somebody has decided. It gives the answer's code.
func (c *crowd) must(first *seat, user, path, key string, body any) (int, string) {
	nodes := append([]*seat{first}, c.tr.others(first)...)
	end := time.Now().Add(2 * time.Minute)
	for n := 0; ; n++ {
		code, id, text := c.at(nodes[n%3], user).ask(path, key, body)
		switch {
		case code == http.StatusOK || code == http.StatusAccepted:
			c.mu.Lock()
			c.taken = append(c.taken, id)
			c.mu.Unlock()
			return code, text
		case code/100 == 4 && code != http.StatusUnauthorized && code != http.StatusTooManyRequests:
			return code, text
		case time.Now().After(end):
			return 0, fmt.Sprintf("nobody answers: %d %s", code, text)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// chat lets a person at each node add a line over and over until the channel closes.
func (c *crowd) chat(stop <-chan struct{}, wait *sync.WaitGroup) {
	for _, s := range c.tr.nodes {
		p := c.at(s, "operator")
		wait.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(700 * time.Millisecond):
				}
				if code, id, _ := p.ask("incidents/i1/note", "", map[string]string{"text": fmt.Sprint("line ", n)}); code == http.StatusOK {
					c.mu.Lock()
					c.taken = append(c.taken, id)
					c.mu.Unlock()
				}
			}
		})
	}
}

// get reads JSON; false where nobody answers.
func (p *person) get(path string, into any) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	resp, err := p.client.Get(p.base + path)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		_, _, _ = p.once("session", "", map[string]string{"user": p.user, "password": "bongsu-demo"})
	}
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(into) == nil
}
