// Package notify reaches people outside the protected messenger: by mail, SMS, voice, webhook and board.
//
// In: effects of the organisation that call people (page, alarm, tell, send, status), the roster, and what
// gateways post to a callback. Out: messages on the wire, a result before and after each, and answers that
// are proven to belong to the person and the act they name.
// It never serves HTTP, never writes the journal, never decides who is in charge, and never repeats through
// the same channel a message that may have been accepted.
package notify
