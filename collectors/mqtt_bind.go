package collectors

import (
	"strings"
	"sync/atomic"

	"bongsu/facility"
)

// strangersNamed is how many topics that belong to no device are told apart in the log.
const strangersNamed = 256

// bindings say which topics are subscribed to and what a message of each is for.
type bindings struct {
	routes  map[string]*route
	nodes   map[nodeName]*edgeNode
	filters map[string]bool
	canary  string // topic of our own test messages
	host    string // topic that says whether we are here as a Sparkplug host, "" when we are none

	unbound atomic.Uint64 // messages of topics that belong to no device
	strange chan string   // their topics, to be logged; some may be left out
	named   map[string]bool
}

// nodeName is what tells edge nodes apart.
type nodeName struct{ group, name string }

func newBindings(link facility.Link, opts Options) *bindings {
	b := &bindings{
		routes: map[string]*route{}, nodes: map[nodeName]*edgeNode{}, filters: map[string]bool{},
		canary:  opts.StatusTopic + "/" + link.Client + "/canary",
		strange: make(chan string, 16), named: map[string]bool{},
	}
	if link.Host != "" {
		b.host = facility.SparkplugTopics + "/STATE/" + link.Host
	}
	return b
}

// route is the topic below a device's (its own when empty), subscribed to as the device was written: a
// template is one subscription for all its devices.
func (b *bindings) route(dev *facility.Device, below string) *route {
	if below != "" {
		below = "/" + below
	}
	filter := dev.Topic
	if dev.Filter != "" {
		filter = dev.Filter
	}
	b.filters[filter+below] = true
	return b.exact(dev.Topic + below)
}

func (b *bindings) exact(topic string) *route {
	r := b.routes[topic]
	if r == nil {
		r = newRoute(topic)
		b.routes[topic] = r
	}
	return r
}

// node is the edge node of a Sparkplug device, with one subscription for all its messages.
func (b *bindings) node(dev *facility.Device) (n *edgeNode, part string, ok bool) {
	group, name, part, ok := dev.Sparkplug()
	if !ok {
		return nil, "", false
	}
	written := facility.Device{Topic: dev.Topic}
	if dev.Filter != "" {
		written.Topic = dev.Filter
	}
	wGroup, wName, _, _ := written.Sparkplug()
	b.filters[facility.SparkplugTopics+"/"+wGroup+"/+/"+wName+"/#"] = true
	key := nodeName{group, name}
	if b.nodes[key] == nil {
		b.nodes[key] = newEdgeNode(group, name)
	}
	return b.nodes[key], part, true
}

// subscriptions lists every filter, our own topics first: a Sparkplug host must hear its own state
// before it publishes it.
func (b *bindings) subscriptions() []string {
	out := []string{b.canary}
	if b.host != "" {
		out = append(out, b.host)
	}
	for f := range b.filters {
		out = append(out, f)
	}
	return out
}

var nodeMessages = map[string]nodeMessage{
	"NBIRTH": nodeBirth, "NDATA": nodeData, "NDEATH": nodeDeath,
	"DBIRTH": deviceBirth, "DDATA": deviceData, "DDEATH": deviceDeath,
}

// find says what a message of a topic is for. It is not bound when its topic belongs to no device; a
// target of nothing is one to pass over.
func (b *bindings) find(topic string) (to target, bound bool) {
	if r := b.routes[topic]; r != nil {
		return target{route: r}, true
	}
	if topic == b.canary || topic == b.host {
		return target{own: true}, true
	}
	rest, ok := strings.CutPrefix(topic, facility.SparkplugTopics+"/")
	if !ok {
		return target{}, false
	}
	group, rest, _ := strings.Cut(rest, "/")
	kind, rest, _ := strings.Cut(rest, "/")
	name, part, _ := strings.Cut(rest, "/")
	to = target{kind: nodeMessages[kind], part: part}
	if to.kind == 0 || (part != "") != (to.kind >= deviceBirth) || strings.Contains(part, "/") {
		return target{}, true // a command, ours or another's, or nothing of this version
	}
	to.node = b.nodes[nodeName{group, name}]
	return to, to.node != nil
}

// stranger counts a message that belongs to no device.
func (b *bindings) stranger(topic string) {
	b.unbound.Add(1)
	select {
	case b.strange <- topic:
	default: // it is counted; its name comes with its next message
	}
}

// nameStranger logs a topic that belongs to no device, once.
func (l *mqttLink) nameStranger(topic string) {
	if l.named[topic] || len(l.named) > strangersNamed {
		return
	}
	l.named[topic] = true
	if len(l.named) > strangersNamed {
		l.log.Warn("too many topics belong to no asset to name them all", "named", strangersNamed)
		return
	}
	l.log.Warn("a topic belongs to no asset: its messages are counted and left out", "topic", topic)
}
