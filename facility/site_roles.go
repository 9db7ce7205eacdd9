package facility

import (
	"fmt"
	"slices"
	"strings"
)

// Roles are all the roles a console account can have. admin keeps accounts and configuration; it has no vote and no
// command, and nobody changes the own roles: who appoints and acts has to be two accounts, both in the journal.
var Roles = []string{"operator", "lead", "safety", "facilities", "authority", "chair", "member", "tower", "admin"}

// secondFactor checks which roles take a second factor to log in.
func (c *checker) secondFactor() {
	for i, role := range c.site.SecondFactor {
		path := fmt.Sprintf("second_factor[%d]", i)
		switch {
		case !slices.Contains(Roles, role):
			c.d.fault(path, "unknown role %q: want some of %s", role, strings.Join(Roles, ", "))
		case slices.Index(c.site.SecondFactor, role) != i:
			c.d.fault(path, "%q stands here twice", role)
		}
	}
}
