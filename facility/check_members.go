package facility

import (
	"fmt"
	"net"
	"strings"
)

// members checks the servers of the shared journal: one of a name, one of an address.
func (c *checker) members() {
	names, addresses := map[string]bool{}, map[string]bool{}
	for i, m := range c.site.Members {
		path := fmt.Sprintf("members[%d]", i)
		if m.Name == "" {
			c.d.fault(path, "the member needs the name of the node that runs it")
		} else if names[m.Name] {
			c.d.fault(path+".name", "member %q exists twice", m.Name)
		}
		names[m.Name] = true
		for _, at := range [][2]string{{"client", m.Client}, {"peer", m.Peer}, {"listen_client", m.ListenClient}, {"listen_peer", m.ListenPeer}} {
			key, a := at[0], at[1]
			if a == "" && strings.HasPrefix(key, "listen_") {
				continue
			}
			if host, _, err := net.SplitHostPort(a); err != nil {
				c.d.fault(path+"."+key, "%q is no host:port", a)
			} else if net.ParseIP(host) == nil {
				c.d.fault(path+"."+key, "%s: want the IP address that the member listens on, not a name", a)
			} else if c.site.Journal.TLS == nil && !loopback(host) {
				c.d.fault(path+"."+key, "%s is not a loopback address and there are no certificates: whoever reaches it could rewrite the journal; make them with `bongsu pki` and add journal: {tls: {}}", a)
			} else if addresses[a] {
				c.d.fault(path+"."+key, "address %s is given twice", a)
			}
			addresses[a] = true
		}
	}
	c.sharedJournal()
	if n := len(c.site.Members); n == 2 {
		c.d.fault("members", "two members stop when either is lost: take one, or three")
	}
}
