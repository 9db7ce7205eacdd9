package messenger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bongsu/bcp"
)

// task is an act with its fields read.
type task struct {
	group    string
	source   string
	target   string
	site     string
	act      string // of a playbook step
	service  string
	mode     string
	check    string
	epoch    uint64   // of the group, 0 when none is given
	services []string // stores of the group, in the order of their dependence
}

var errBadAct = errors.New("the act cannot be read")

// The fields of acts.
const (
	fieldGroup   = "group"
	fieldSource  = "source"
	fieldTarget  = "target"
	fieldSite    = "site"
	fieldEpoch   = "epoch"
	fieldService = "service"
	fieldAct     = "act"
	fieldMode    = "mode"
	fieldCheck   = "check"
)

// task reads an act. What cannot be read is certainly not done.
func (a *adapter) task(act bcp.Act) (task, error) {
	t, err := a.read(act)
	if err != nil {
		return t, fmt.Errorf("%s: %w: %w", a.kind, bcp.ErrNotDone, err)
	}
	return t, nil
}

func (a *adapter) read(act bcp.Act) (task, error) {
	w := act.With
	t := task{group: w[fieldGroup], source: w[fieldSource], target: w[fieldTarget], site: w[fieldSite], act: w[fieldAct],
		service: w[fieldService], mode: w[fieldMode], check: w[fieldCheck]}
	for _, f := range bcp.Kinds()[a.kind].Fields { // those of playbooks
		if f.Required && w[f.Name] == "" {
			return t, fmt.Errorf("%w: it needs %q", errBadAct, f.Name)
		}
		if w[f.Name] != "" && len(f.OneOf) > 0 && !slices.Contains(f.OneOf, w[f.Name]) {
			return t, fmt.Errorf("%w: %s %q: want one of %s", errBadAct, f.Name, w[f.Name], list(f.OneOf))
		}
	}
	for _, f := range a.deed.needs(act) {
		if w[f] == "" {
			return t, fmt.Errorf("%w: it needs %q", errBadAct, f)
		}
	}
	for _, f := range []string{fieldSource, fieldTarget, fieldSite} {
		if w[f] == "" {
			continue
		}
		if _, err := a.m.client.site(w[f]); err != nil {
			return t, fmt.Errorf("%w: %s: %w", errBadAct, f, err)
		}
	}
	if t.source != "" && t.source == t.target {
		return t, fmt.Errorf("%w: source and target are both %s", errBadAct, t.source)
	}
	if e := w[fieldEpoch]; e != "" {
		n, err := strconv.ParseUint(e, 10, 64)
		if err != nil || n == 0 {
			return t, fmt.Errorf("%w: epoch %q", errBadAct, e)
		}
		t.epoch = n
	}
	return t, a.m.servicesOf(&t)
}

// servicesOf finds the stores an act of a run is about: the service it names, else those of its group.
func (m *Messenger) servicesOf(t *task) error {
	if t.service != "" {
		if !slices.Contains(m.cfg.Services, t.service) {
			return fmt.Errorf("%w: the messenger has no service %q", errBadAct, t.service)
		}
		t.services = []string{t.service}
		return nil
	}
	if t.group == "" {
		return nil
	}
	g, ok := m.watched(t.group)
	if !ok {
		return fmt.Errorf("%w: group %q is not watched: its services are not known", errBadAct, t.group)
	}
	if t.services = m.cfg.stores(g.Services); len(t.services) == 0 {
		return fmt.Errorf("%w: the messenger has none of the services of group %q", errBadAct, t.group)
	}
	return nil
}

// list joins what people read.
func list(words []string) string { return strings.Join(words, ", ") }
