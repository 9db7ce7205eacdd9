// How long batteries and cold stores last, and what must be opened to isolate something: as the API tells it.

import type { Quality, Text } from './types'

export type RideState = 'holding' | 'charging' | 'draining' | 'exhausted' | 'unknown'

export interface RideInput {
  point?: string
  name: Text
  value: number
  unit: string
  quality: Quality
}

export interface RideClock {
  id: string
  kind: 'ups' | 'tank'
  asset: string
  name: Text
  zones: string[] | null
  state: RideState
  since: string
  minutes: number | null
  now: number | null
  spread: number
  until: string | null
  missing: string[]
  inputs: RideInput[]
  limit?: RideInput
}

export interface RideZone {
  zone: string
  name: Text
  worst: string
  state: RideState
  minutes: number | null
}

export interface Rides {
  time: string
  items: RideClock[]
  zones: RideZone[]
}

export type SwitchState = 'closed' | 'open' | 'unknown' | 'standby'

export interface IsolationSwitch {
  id: string
  kind: string
  asset: string
  name: Text
  state: SwitchState
  quality: Quality
  point?: string
  command?: string
  place: Text
}

export interface FeltBy {
  asset: string
  name: Text
  kind: string
  count: number
}

export interface ZoneLeft {
  zone: string
  name: Text
  strings: number
  of: number
  grid: boolean
  before: number | null
  minutes: number | null
  missing?: string
}

export interface ServiceHit {
  id: string
  name: Text
  left: number
  need: number
  falls: boolean
  with?: string
}

export interface IsolationEffect {
  dark: FeltBy[]
  one_path: FeltBy[]
  on_battery: FeltBy[]
  unsure: number
  zones: ZoneLeft[]
  services: ServiceHit[]
}

export type Way = 'smallest' | 'by-command' | 'narrow'

export interface IsolationWay {
  kind: Way
  open: IsolationSwitch[]
  effect: IsolationEffect
}

export interface Isolation {
  asset: string
  name: Text
  time: string
  plans: IsolationWay[]
  live: Text[]
  doubt: IsolationSwitch[]
}

/** Switches of one sort side by side are said as one line: 28 isolators of a room are not 28 sentences. */
export function bundled(open: readonly IsolationSwitch[]): IsolationSwitch[][] {
  const groups = new Map<string, IsolationSwitch[]>()
  for (const s of open) {
    const key = `${s.kind} ${s.state} ${s.command ? 'command' : 'hand'}`
    const group = groups.get(key)
    if (group) group.push(s)
    else groups.set(key, [s])
  }
  return [...groups.values()]
}

/** Whether somebody should look at the clock now. */
export const running = (s: RideState): boolean => s === 'draining' || s === 'exhausted'
