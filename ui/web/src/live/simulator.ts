// What the simulator says of itself, brought into one shape. Its API passes through the server
// unchecked, so every field is taken only if it has the type the panel needs.

import type { Text } from './types'

export interface Scenario {
  name: string
  title: Text
  text: Text
  /** What a sound system does. */
  expect: Text
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

export interface SimState {
  scenarios: Scenario[]
  running: string
  /** Seconds since the running scenario began, null when none runs or it is not said. */
  elapsed: number | null
  asked: number
  effective: number
  /** A rack shows signs of trouble, so the world runs at real speed. */
  held: boolean
  /** What the scenario does next, and in how many simulated seconds. */
  next: { what: string; inS: number } | null
  /** Events that could not be played. */
  troubles: string[]
  faults: SimFault[]
  truth: Truth[]
}

type Fields = Record<string, unknown>

const fields = (v: unknown): Fields => (typeof v === 'object' && v !== null ? (v as Fields) : {})
const list = (v: unknown): Fields[] => (Array.isArray(v) ? v.map(fields) : [])
const text = (v: unknown): string => (typeof v === 'string' ? v : '')
const figure = (v: unknown): number | null => (typeof v === 'number' && Number.isFinite(v) ? v : null)

function wording(v: unknown, otherwise: string): Text {
  if (typeof v === 'string' && v) return { ko: v, en: v }
  const f = fields(v)
  const ko = text(f.ko)
  const en = text(f.en)
  return { ko: ko || en || otherwise, en: en || ko || otherwise }
}

export function readScenarios(v: unknown): Scenario[] {
  return list(fields(v).items).map((c) => ({
    name: text(c.name),
    title: wording(c.title, text(c.name)),
    text: wording(c.text, ''),
    expect: wording(c.expect, ''),
  }))
}

export function readSimulator(state: unknown, scenarios: unknown): SimState {
  const s = fields(state)
  const speed = fields(s.speed)
  const running = fields(s.scenario)
  const next = fields(running.next)
  const asked = figure(speed.asked) ?? 1
  return {
    scenarios: readScenarios(scenarios),
    running: text(running.name),
    elapsed: figure(running.elapsed_s),
    next: text(next.what) ? { what: text(next.what), inS: figure(next.in_s) ?? 0 } : null,
    troubles: Array.isArray(running.troubles) ? running.troubles.map(text) : [],
    asked,
    effective: figure(speed.effective) ?? asked,
    held: speed.held === true,
    faults: list(s.faults).map((f) => ({ id: text(f.id), kind: text(f.kind), target: text(f.target) })),
    truth: list(s.racks).map((r) => ({
      rack: text(r.id),
      maxC: figure(r.max_cell_c),
      airC: figure(r.air_c),
    })),
  }
}
