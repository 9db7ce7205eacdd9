// What the simulator says of itself, brought into one shape. Its API passes through the server
// unchecked, so every field is taken only if it has the type the panel needs.

import { readCheck, type Check } from './simulator-checks'
import { figure, list, record, text, wording, type Fields } from './simulator-read'
import type { Text } from './types'

export interface Scenario {
  name: string
  title: Text
  text: Text
  /** What a sound system does. */
  expect: Text
  /** How long it is watched, in simulated seconds; 0 when it is not said. */
  length: number
}

export interface SimFault {
  id: string
  kind: string
  target: string
}

/** The model's own temperature of a rack, with no instrument in between. */
export interface Truth {
  rack: string
  maxC: number | null
  airC: number | null
}

/** One event of a scenario, past or to come. */
export interface SimEvent {
  /** Second of the scenario. */
  at: number
  act: string
  kind: string
  target: string
  /** In the simulator's own words. */
  what: string
  note: Text | null
}

export interface Run {
  name: string
  /** Simulated seconds since it began; null when it is not said. */
  elapsed: number | null
  length: number
  /** Wall clock of its start, in ms; null when it is not said. */
  started: number | null
  over: boolean
  played: number
  events: number
  last: SimEvent | null
  coming: SimEvent[]
  checks: Check[]
  /** Events that could not be played. */
  troubles: string[]
}

export interface SimState {
  scenarios: Scenario[]
  run: Run | null
  asked: number
  effective: number
  /** A rack shows signs of trouble, so the world runs at real speed. */
  held: boolean
  paused: boolean
  /** Simulated seconds that a step still lets the paused world run. */
  stepLeft: number
  faults: SimFault[]
  truth: Truth[]
}

export function readScenarios(v: unknown): Scenario[] {
  return list(record(v).items).map((c) => ({
    name: text(c.name),
    title: wording(c.title, text(c.name)),
    text: wording(c.text, ''),
    expect: wording(c.expect, ''),
    length: figure(c.length_s) ?? 0,
  }))
}

function readEvent(e: Fields): SimEvent {
  const note = wording(e.note, '')
  return {
    at: figure(e.at_s) ?? 0,
    act: text(e.act),
    kind: text(e.kind),
    target: text(e.target),
    what: text(e.what),
    note: note.ko ? note : null,
  }
}

function readRun(v: unknown): Run | null {
  const r = record(v)
  if (!text(r.name)) return null
  const started = Date.parse(text(r.started))
  return {
    name: text(r.name),
    elapsed: figure(r.elapsed_s),
    length: figure(r.length_s) ?? 0,
    started: Number.isNaN(started) ? null : started,
    over: r.over === true,
    played: figure(r.played) ?? 0,
    events: figure(r.events) ?? 0,
    last: r.last ? readEvent(record(r.last)) : null,
    coming: list(r.coming).map(readEvent),
    checks: list(r.checks).map(readCheck),
    troubles: Array.isArray(r.troubles) ? r.troubles.map(text) : [],
  }
}

export function readSimulator(state: unknown, scenarios: unknown): SimState {
  const s = record(state)
  const speed = record(s.speed)
  const clock = record(s.clock)
  const asked = figure(speed.asked) ?? 1
  return {
    scenarios: readScenarios(scenarios),
    run: readRun(s.scenario),
    asked,
    effective: figure(speed.effective) ?? asked,
    held: speed.held === true,
    paused: clock.paused === true,
    stepLeft: figure(clock.step_left_s) ?? 0,
    faults: list(s.faults).map((f) => ({ id: text(f.id), kind: text(f.kind), target: text(f.target) })),
    truth: list(s.racks).map((r) => ({
      rack: text(r.id),
      maxC: figure(r.max_cell_c),
      airC: figure(r.air_c),
    })),
  }
}

/** Minutes and seconds of a scenario, hours where it has them: 3:05, 1:02:00. */
export function storyTime(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor((s % 3600) / 60)
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}
