package simulators

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The demo of three nodes lets people stop and freeze one. The simulator starts and ends no process: it writes what is
// asked for into a folder, and the script that has started the nodes does it and writes there what is so. A file NAME.node
// holds a node's console address, NAME.want what is asked for, NAME.is what is so.

// nodeItem is one node of the demo.
type nodeItem struct {
	Name    string `json:"name"`
	Console string `json:"console"`
	Is      string `json:"is"`   // running, stopped or frozen
	Want    string `json:"want"` // the same, as asked for
}

// nodeActs are what may be asked for, with the state each leads to.
var nodeActs = map[string]string{"stop": "stopped", "freeze": "frozen", "start": "running"}

func (p *Plant) getNodes(*http.Request) (any, error) {
	items := []nodeItem{}
	if p.nodes == "" {
		return map[string]any{"items": items}, nil
	}
	found, err := filepath.Glob(filepath.Join(p.nodes, "*.node"))
	if err != nil {
		return nil, fmt.Errorf("list the nodes: %w", err)
	}
	slices.Sort(found)
	for _, file := range found {
		name := strings.TrimSuffix(filepath.Base(file), ".node")
		n := nodeItem{Name: name, Console: p.nodeFile(name, "node"), Is: p.nodeFile(name, "is"), Want: p.nodeFile(name, "want")}
		if n.Want == "" {
			n.Want = n.Is
		}
		items = append(items, n)
	}
	return map[string]any{"items": items}, nil
}

// nodeFile reads one word of a node, empty where there is none.
func (p *Plant) nodeFile(name, what string) string {
	text, err := os.ReadFile(filepath.Join(p.nodes, name+"."+what))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (p *Plant) postNode(req *http.Request) (any, error) {
	name, act := req.PathValue("name"), req.PathValue("act")
	want, ok := nodeActs[act]
	if !ok {
		return nil, &problem{"Unknown act", http.StatusNotFound, fmt.Sprintf("%q can not be done to a node", act), []string{"freeze", "start", "stop"}}
	}
	if p.nodes == "" || filepath.Base(name) != name {
		return nil, noNode(name)
	}
	if _, err := os.Stat(filepath.Join(p.nodes, name+".node")); errors.Is(err, fs.ErrNotExist) {
		return nil, noNode(name)
	}
	if err := os.WriteFile(filepath.Join(p.nodes, name+".want"), []byte(want+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("ask for node %s: %w", name, err)
	}
	p.log.Info("a node was asked for", "node", name, "want", want)
	return map[string]string{"name": name, "want": want}, nil
}

func noNode(name string) error {
	return &problem{Title: "No such node", Status: http.StatusNotFound,
		Detail: fmt.Sprintf("no node %q is under this world's hand: make run-three starts three", name)}
}
