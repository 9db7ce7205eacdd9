// Package ui is the console's server: the HTTP API, the live stream, accounts and the embedded pages.
//
// In: samples, journal entries and field status, handed to a Model by the wiring; people's requests.
// Out: pages, JSON, server-sent events; people's acts, handed to Acts.
// It never decides about the plant, never writes a journal and never talks to a device: an act is
// checked for who may ask for it and passed on, and only the field's answer counts.
package ui
