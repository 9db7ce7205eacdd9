package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// problem is an error answer; the detail says what to do.
func problem(status int, format string, args ...any) huma.StatusError {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: fmt.Sprintf(format, args...)}
}

// sendProblem answers outside the described handlers.
func sendProblem(w http.ResponseWriter, p huma.StatusError) {
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.GetStatus())
	_, _ = w.Write(body)
}

// advise turns the generic text of a failed validation into one that names what to correct.
func advise(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok || len(m.Errors) == 0 {
		return v, nil
	}
	var wrong []string
	for _, e := range m.Errors {
		wrong = append(wrong, strings.TrimPrefix(e.Location+": ", ": ")+e.Message)
	}
	m.Detail = "Correct this and send it again: " + strings.Join(wrong, "; ")
	return m, nil
}

func noSession() huma.StatusError {
	return problem(http.StatusUnauthorized, "No session, or it has ended. Log in, or send an API token as Authorization: Bearer.")
}

func notAllowed(r right) huma.StatusError {
	return problem(http.StatusForbidden, "Your account may not do this. It takes the role %s.", strings.ReplaceAll(r.needs(), ", ", " or "))
}

func unknown(what, id string) huma.StatusError {
	return problem(http.StatusNotFound, "There is no %s %q here. Check the id; ids are listed by the collection's own path.", what, id)
}
