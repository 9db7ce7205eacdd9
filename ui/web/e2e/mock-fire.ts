// A fire as a table of times: how the room looks so many seconds after the scenario began. It
// stands in for the real engine so that screens can be driven without it.

import type { FireCommand, Quality, Rack, Room, Stage } from '../src/live/types'
import { racks } from './mock-plant'

/** Seconds after the start at which the rack (or room) enters a stage. */
export const climbs: [number, Stage][] = [
  [3, 'SP'],
  [6, 'S1'],
  [10, 'S2'],
  [14, 'S3'],
  [18, 'S4'],
  [26, 'S5A'],
  [56, 'S5B'],
]

interface Planned {
  name: string
  at: number
  /** Seconds until feedback; null never comes. */
  proof: number | null
  point?: string
}

const rackPlan: Planned[] = [
  { name: 'CHG_STOP', at: 3, proof: 1 },
  { name: 'ISOLATE', at: 6, proof: 1, point: 'io/open-52b' },
  { name: 'CURTAIN', at: 6, proof: 4, point: 'io/curtain-down' },
  { name: 'PATCH', at: 10, proof: 2, point: 'io/patch-discharged' },
  { name: 'NOZZLE', at: 14, proof: null, point: 'io/nozzle-flow' },
  { name: 'WATER', at: 18, proof: 2, point: 'io/water-on' },
]

const roomPlan: Planned[] = [
  { name: 'EVAC_ALARM', at: 6, proof: 1 },
  { name: 'HVAC_STOP', at: 6, proof: 2 },
  { name: 'FD_CALL', at: 10, proof: 1 },
  { name: 'DRAIN_TO_TANK', at: 14, proof: 2 },
  { name: 'GAS_PRE_ALARM', at: 26, proof: 1 },
  { name: 'EXHAUST_OFF', at: 26, proof: 3, point: 'io/exhaust-run' },
  { name: 'DAMPER_CLOSE', at: 26, proof: 6, point: 'io/dampers-closed' },
  { name: 'GAS_RELEASE', at: 56, proof: 1, point: 'io/discharge-pressure' },
  { name: 'GAS_RESERVE', at: Infinity, proof: null },
]

const stamp = (ms: number): string => new Date(ms).toISOString()

function commandOf(p: Planned, asset: string, began: number, t: number): FireCommand {
  const point = p.point ? `${asset}/${p.point}` : undefined
  if (t < p.at) return { name: p.name, state: 'idle', attempts: 0, sent: null, confirmed: null, point }
  const proved = p.proof !== null && t >= p.at + p.proof
  const failed = p.proof === null && t >= p.at + 4
  return {
    name: p.name,
    state: proved ? 'confirmed' : failed ? 'failed' : 'sent',
    attempts: failed ? 2 : 1,
    sent: stamp(began + p.at * 1000),
    confirmed: proved ? stamp(began + (p.at + (p.proof ?? 0)) * 1000) : null,
    feedback: proved ? '1' : '0',
    point,
  }
}

export function stageAt(t: number): Stage {
  return climbs.filter(([at]) => t >= at).at(-1)?.[1] ?? 'S0'
}

/** Temperature of the burning rack's BMS channel, seconds after the start. */
export function heatAt(t: number): number {
  if (t <= 0) return 25
  if (t < 20) return 25 + t * 3.6
  return 97 + Math.sin(t / 3) * 2
}

interface Temps {
  RT: number
  BM: number
  TC: number
}

export function tempsOf(rack: string, t: number, now: number): Temps {
  const n = racks.indexOf(rack)
  const wobble = Math.sin(now / 9000 + n) * 0.3
  const calm = 24.6 + n * 0.35 + wobble
  if (rack !== 'R3' || t <= 0) return { RT: calm - 0.8, BM: calm + 0.9, TC: calm }
  const hot = heatAt(t)
  return { RT: hot - 6, BM: hot, TC: hot - 2 }
}

export interface Moment {
  /** Seconds since the fire began; 0 or less without one. */
  t: number
  began: number
  now: number
}

function rackOf(id: string, m: Moment): Rack {
  const burning = id === 'R3'
  const t = burning ? m.t : 0
  const temps = tempsOf(id, t, m.now)
  const asset = `demo/b1/${id.toLowerCase()}`
  const rackStage = stageAt(Math.min(t, 25))
  const over = (v: number) => [60, 68, 80].filter((l) => v >= l)
  // One rack's camera is blind, so that the quality looks are always in sight.
  const blind = id === 'R6'
  const channel = (point: string, value: number, quality: Quality = 'good') => ({
    point: `${asset}/${point}`,
    value: quality === 'good' ? value : null,
    state: quality,
    over: quality === 'good' ? over(value) : [],
    quality,
  })
  return {
    id,
    asset,
    stage: burning ? rackStage : 'S0',
    channels: {
      RT: channel('io/rt', temps.RT),
      BM: channel('bms/t-max', temps.BM),
      TC: channel('cam/max', temps.TC, blind ? 'bad' : 'good'),
    },
    evidence: burning && t > 8 ? ['smoke', 'off-gas'] : burning && t > 3 ? ['off-gas'] : [],
    votes: { 60: over(temps.RT).length > 0 ? 3 : over(temps.BM).length > 0 ? 2 : 0, 68: 0, 80: 0 },
    hottest: Math.max(temps.RT, temps.BM, blind ? 0 : temps.TC),
    rate_per_min: burning && t > 0 ? 21.4 : 0.1,
    commands: rackPlan.map((p) => commandOf(p, asset, m.began, t)),
  }
}

export function roomAt(m: Moment): Room {
  const stage = stageAt(m.t)
  const left = 56 - m.t
  const occupied = m.t > 30 && m.t < 40 ? 1 : 0
  return {
    id: 'B1',
    asset: 'demo/b1',
    stage,
    mode: 'executor',
    control: 'automatic',
    drill: false,
    occupied,
    lel: m.t > 10 ? Math.min(12, m.t / 3) : 0,
    asd: m.t > 8 ? 3 : 0,
    countdown_s: stage === 'S5A' ? left : null,
    holds: stage === 'S5A' && occupied > 0 ? ['occupied'] : [],
    water_since: m.t >= 18 ? stamp(m.began + 18_000) : null,
    commands: roomPlan.map((p) => commandOf(p, 'demo/b1', m.began, m.t)),
    racks: racks.map((id) => rackOf(id, m)),
    stale: false,
  }
}
