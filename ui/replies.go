package ui

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	keptReplies  = 4096
	keptReplyFor = time.Hour
	keyMost      = 128
	bodyMost     = 64 << 10 // bytes of a request's body
)

// replies remembers the answers to acts by their idempotency key, so that a browser that lost the answer
// can ask again without acting again. Only answers of the field are kept: whatever was refused before
// may be corrected and sent with the same key.
type replies struct {
	salt  []byte // keeps fingerprints of bodies, which hold passwords, useless outside this process
	mu    sync.Mutex
	kept  map[string]*reply
	order []string
}

type reply struct {
	print  string // of the request's body
	done   chan struct{}
	ok     bool // holds an answer
	at     time.Time
	status int
	kind   string
	body   []byte
}

func newReplies() *replies {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	return &replies{salt: salt, kept: map[string]*reply{}}
}

// begin returns the answer to repeat, or the place to put a new one into. An identical request that is
// still running is waited for.
func (r *replies) begin(ctx context.Context, key, print string) (again *reply, mine *reply, err error) {
	for {
		r.mu.Lock()
		had := r.kept[key]
		if had == nil || (had.ok && time.Since(had.at) > keptReplyFor) {
			mine = &reply{print: print, done: make(chan struct{})}
			r.put(key, mine)
			r.mu.Unlock()
			return nil, mine, nil
		}
		r.mu.Unlock()
		select {
		case <-had.done:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
		if had.ok {
			return had, nil, nil
		}
	}
}

func (r *replies) put(key string, mine *reply) {
	if r.kept[key] == nil {
		r.order = append(r.order, key)
	}
	r.kept[key] = mine
	for len(r.order) > keptReplies {
		delete(r.kept, r.order[0])
		r.order = r.order[1:]
	}
}

// end keeps the answer, or gives the key free again.
func (r *replies) end(key string, mine *reply, keep bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	mine.ok, mine.at = keep, time.Now()
	if !keep && r.kept[key] == mine {
		delete(r.kept, key)
		for i, k := range r.order {
			if k == key {
				r.order = append(r.order[:i:i], r.order[i+1:]...)
				break
			}
		}
	}
	close(mine.done)
}

// once honours the Idempotency-Key of a request.
func (s *Server) once(c *gin.Context) {
	key := c.GetHeader("Idempotency-Key")
	id, known := identityOf(c.Request.Context())
	if c.Request.Method != http.MethodPost || key == "" || !known || c.FullPath() == sessionPath {
		c.Next()
		return
	}
	if len(key) > keyMost {
		sendProblem(c.Writer, problem(http.StatusBadRequest, "The Idempotency-Key is longer than %d characters. Use a random UUID.", keyMost))
		c.Abort()
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		sendProblem(c.Writer, problem(http.StatusRequestEntityTooLarge, "The body could not be read, or is larger than %d bytes.", bodyMost))
		c.Abort()
		return
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	mac := hmac.New(sha256.New, s.replies.salt)
	mac.Write(body)
	print := hex.EncodeToString(mac.Sum(nil))
	full := id.user + "\x00" + c.Request.URL.EscapedPath() + "\x00" + key
	again, mine, err := s.replies.begin(c.Request.Context(), full, print)
	switch {
	case err != nil:
		c.Abort()
	case again != nil && again.print != print:
		sendProblem(c.Writer, problem(http.StatusUnprocessableEntity, "This Idempotency-Key was already used for a different request. Use a new key for a new act."))
		c.Abort()
	case again != nil:
		c.Header("Idempotent-Replayed", "true")
		c.Data(again.status, again.kind, again.body)
		c.Abort()
	default:
		s.record(c, full, mine)
	}
}

func (s *Server) record(c *gin.Context, key string, mine *reply) {
	reached := new(atomic.Bool)
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), reachedKey, reached))
	rec := &recorder{ResponseWriter: c.Writer}
	c.Writer = rec
	defer func() {
		mine.status, mine.kind, mine.body = rec.Status(), rec.Header().Get("Content-Type"), rec.copy.Bytes()
		s.replies.end(key, mine, reached.Load())
	}()
	c.Next()
}

// markReached notes that the act was answered by the one who does it.
func markReached(ctx context.Context) {
	if reached, ok := ctx.Value(reachedKey).(*atomic.Bool); ok {
		reached.Store(true)
	}
}

// recorder copies an answer while it is sent.
type recorder struct {
	gin.ResponseWriter
	copy bytes.Buffer
}

// Write sends and copies.
func (r *recorder) Write(b []byte) (int, error) {
	r.copy.Write(b)
	return r.ResponseWriter.Write(b)
}

// WriteString sends and copies.
func (r *recorder) WriteString(text string) (int, error) {
	r.copy.WriteString(text)
	return r.ResponseWriter.WriteString(text)
}

// actID names an act: the same for the same key of the same person on the same path, so that the field
// too knows a repeated one, even after the desk was restarted.
func actID(user, path, key string) string {
	if key == "" {
		key = rand.Text()
	}
	sum := sha256.Sum256([]byte(user + "\x00" + path + "\x00" + key))
	return hex.EncodeToString(sum[:12])
}
