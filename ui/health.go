package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// check is one thing that must hold for this node to do its work.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // why not, and what to do
}

// checks says whether the node collects and journals, as its field proved within the last seconds.
func (m *Model) checks(now time.Time) []check {
	h := m.health(now)
	field := check{Name: "field", OK: h.Connected}
	switch {
	case h.Connected:
	case h.AgeMS < 0:
		field.Why = "the field has not reported since this desk started: see its log"
	default:
		field.Why = fmt.Sprintf("the field's last report is %.1f s old: see whether its process runs", float64(h.AgeMS)/1000)
	}
	collecting := check{Name: "collecting", OK: h.Collecting}
	if !h.Collecting {
		collecting.Why = "no proof that samples are collected: see the links' errors under /api/v1/nodes"
	}
	journal := check{Name: "journal", OK: h.JournalOK}
	if !h.JournalOK {
		journal.Why = "no proof that the journal takes entries: see the disk of the field's data folder"
		if h.JournalGap != "" {
			journal.Why += "; " + h.JournalGap
		}
	}
	return []check{field, collecting, journal}
}

// healthz says that the process lives; it proves nothing else.
func (s *Server) healthz(c *gin.Context) {
	c.JSON(http.StatusOK, gin.H{"alive": true, "build": s.cfg.Build})
}

// readyz says whether the node does its work, with each reason why not.
func (s *Server) readyz(c *gin.Context) {
	list := s.cfg.Model.checks(time.Now())
	code, ready := http.StatusOK, true
	for _, k := range list {
		if !k.OK {
			code, ready = http.StatusServiceUnavailable, false
		}
	}
	body, err := json.Marshal(struct {
		Ready  bool    `json:"ready"`
		Checks []check `json:"checks"`
	}{ready, list})
	if err != nil {
		code = http.StatusInternalServerError
	}
	c.Header("Cache-Control", "no-store")
	c.Data(code, "application/json", body)
}
