// What the simulator says of itself, brought into one shape. Its API passes through the server
// unchecked, so every field is taken only if it has the type the panel needs.

import type { Text } from './types'

export interface Scenario {
  name: string
  title: Text
  text: Text
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
  faults: SimFault[]
  truth: Truth[]
}

type Fields = Record<string, unknown>

const fields = (v: unknown): Fields => (typeof v === 'object' && v !== null ? (v as Fields) : {})
const list = (v: unknown): Fields[] => (Array.isArray(v) ? v.map(fields) : [])
const text = (v: unknown): string => (typeof v === 'string' ? v : '')
const figure = (...vs: unknown[]): number | null => {
  const found = vs.find((v) => typeof v === 'number' && Number.isFinite(v))
  return typeof found === 'number' ? found : null
}

function wording(v: unknown, otherwise: string): Text {
  if (typeof v === 'string' && v) return { ko: v, en: v }
  const f = fields(v)
  const ko = text(f.ko)
  const en = text(f.en)
  return { ko: ko || en || otherwise, en: en || ko || otherwise }
}

export function readSimulator(v: unknown): SimState {
  const s = fields(v)
  const speed = fields(s.speed)
  const asked = figure(s.speed, speed.asked, s.speed_asked) ?? 1
  const running = typeof s.scenario === 'string' ? s.scenario : (fields(s.scenario).name ?? s.running)
  return {
    scenarios: list(s.scenarios).map((c) => ({
      name: text(c.name),
      title: wording(c.title, text(c.name)),
      text: wording(c.text ?? c.description, ''),
    })),
    running: text(running),
    elapsed: figure(fields(s.scenario).elapsed_s, s.elapsed_s, s.scenario_s),
    asked,
    effective: figure(s.effective, speed.effective, s.speed_effective, s.effective_speed) ?? asked,
    faults: list(s.faults).map((f) => ({ id: text(f.id), kind: text(f.kind), target: text(f.target) })),
    truth: list(s.racks ?? s.truth ?? fields(s.world).racks).map((r) => ({
      rack: text(r.asset) || text(r.id) || text(r.rack),
      maxC: figure(r.max_cell_c, r.max_c, r.true_c, fields(r.truth).max_cell_c),
      airC: figure(r.air_c, fields(r.truth).air_c),
    })),
  }
}
