//go:build !race

package control

// nights is how many storms a plain test run lives through.
const nights = 200
