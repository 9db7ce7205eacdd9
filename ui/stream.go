package ui

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// sessionLook is how often an open stream checks that its session still stands.
const sessionLook = 5 * time.Second

// live serves one view as server-sent events until the browser goes, its session ends or it is too slow.
func (s *Server) live(c *gin.Context) {
	name := c.DefaultQuery("view", screenViews[0].name)
	// What is no number was never sent as an id: the stream then begins with a snapshot.
	seen, _ := strconv.ParseUint(c.GetHeader("Last-Event-ID"), 10, 64)
	if name == viewContinuity && s.cfg.Continuity == nil {
		sendProblem(c.Writer, noContinuity())
		return
	}
	at, first, err := s.hub.join(name, seen, narrowing{room: c.Query("room"), ids: listedIDs(c.Query("ids")), pieces: c.Query("alarms") == "pieces"})
	var wrong *narrowError
	switch {
	case errors.As(err, &wrong):
		sendProblem(c.Writer, problem(wrong.status, "%s", wrong.advice))
		return
	case errors.Is(err, errViewUnknown):
		var names []string
		for _, v := range screenViews {
			names = append(names, v.name)
		}
		sendProblem(c.Writer, problem(http.StatusNotFound, "There is no view %q. Use one of %s.", name, strings.Join(names, ", ")))
		return
	case errors.Is(err, errViewersFull):
		sendProblem(c.Writer, problem(http.StatusServiceUnavailable, "%d streams are open, which is the most this node serves. Close other tabs, or ask another node.", s.cfg.MaxViewers))
		return
	case err != nil:
		s.log.Error("a stream could not begin", "view", name, "cause", err)
		sendProblem(c.Writer, problem(http.StatusInternalServerError, "The stream could not begin. Load the page again."))
		return
	}
	defer at.leave()
	defer s.present.come(c.Request.Context())()
	out := s.openStream(c)
	if err := out.send(append([]*frame{{plain: []byte("retry: 1000\n\n")}}, first...)); err != nil {
		return
	}
	rest, err := at.restOf()
	if err != nil {
		s.log.Error("a stream could not go on", "view", name, "cause", err)
		return
	}
	if len(rest) > 0 && out.send(rest) != nil {
		return
	}
	if err := s.follow(c, at, out); errors.Is(err, errTooSlow) {
		s.log.Info("a viewer was too slow and is disconnected", "view", name, "address", addressOf(c.Request))
	}
}

// follow sends frames as they come. nil means that the stream ended as it should.
func (s *Server) follow(c *gin.Context, at *viewer, out *streamWriter) error {
	look := time.NewTicker(sessionLook)
	defer look.Stop()
	stands := s.sessionStands(c)
	for {
		frames, wake, err := at.read()
		if err != nil {
			return err
		}
		if len(frames) > 0 {
			if err := out.send(frames); err != nil {
				return errTooSlow
			}
			s.metrics.sent(frames[0].made)
			continue
		}
		select {
		case <-wake:
		case <-look.C:
			if !stands() {
				return nil
			}
		case <-c.Request.Context().Done():
			return nil
		case <-s.hub.done:
			return nil
		}
	}
}

// sessionStands returns a check that the one who opened the stream may still see it: the session was not
// ended, did not expire and the account is still there.
func (s *Server) sessionStands(c *gin.Context) func() bool {
	id, _ := identityOf(c.Request.Context())
	if token, ok := bearer(c.Request); ok {
		return func() bool { _, ok := s.cfg.Users.byToken(token); return ok }
	}
	token := s.sessions.Token(c.Request.Context())
	return func() bool {
		_, found, err := s.store.Find(s.hashed(token))
		now, ok := s.cfg.Users.get(id.user)
		return err == nil && found && ok && now.proof == id.proof
	}
}

// streamWriter writes frames past the middle layers straight to the connection.
type streamWriter struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	gzip bool
	slow time.Duration
}

func (s *Server) openStream(c *gin.Context) *streamWriter {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // proxies must pass events on at once
	h.Add("Vary", "Accept-Encoding")
	packed := acceptsGzip(c.Request)
	if packed {
		h.Set("Content-Encoding", "gzip")
	}
	c.Writer.WriteHeader(http.StatusOK)
	c.Writer.WriteHeaderNow() // commits the session's cookie
	var w http.ResponseWriter = c.Writer
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = u.Unwrap()
	}
	out := &streamWriter{w: w, rc: http.NewResponseController(w), gzip: packed, slow: s.cfg.SlowAfter}
	_ = out.rc.SetReadDeadline(time.Time{}) // a stream outlives the time a request may take
	if packed {
		_, _ = w.Write(gzipHeader) // a viewer that is gone is noticed at the first frame
	}
	return out
}

func acceptsGzip(r *http.Request) bool {
	return slices.ContainsFunc(strings.Split(r.Header.Get("Accept-Encoding"), ","), func(part string) bool {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		return strings.EqualFold(strings.TrimSpace(name), "gzip") && strings.TrimSpace(q) != "q=0"
	})
}

// send writes frames and sees them off; an error means that the viewer is gone or takes nothing.
func (o *streamWriter) send(frames []*frame) error {
	_ = o.rc.SetWriteDeadline(time.Now().Add(o.slow)) // without deadlines the ring alone bounds a slow viewer
	for _, f := range frames {
		b := f.plain
		if o.gzip {
			b = f.deflated()
		}
		if _, err := o.w.Write(b); err != nil {
			return err
		}
	}
	return o.rc.Flush()
}
