package bcp

type ProbeView struct{}
