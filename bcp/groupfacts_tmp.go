package bcp

type GroupFacts struct{}
type ProbeView struct{}
