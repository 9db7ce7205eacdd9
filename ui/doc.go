// Package ui is the console's server: the HTTP API, the live stream, accounts and the embedded pages.
//
// In: samples, journal entries, field status and pictures of the organisation, handed to a Model by the
// wiring; people's requests; what the phones answer.
// Out: pages, JSON, server-sent events; people's acts, handed to Acts, and what they ask of the
// organisation, handed to Continuity.
// It never decides about the plant, never writes a journal and never talks to a device: an act is
// checked for who may ask for it and passed on, and only the answer of the field or the organisation counts.
package ui
