// The ride-through clocks and isolation plans of the mock: from the UPS's own runtime and the racks' breaker contacts,
// in proportion to the strings left. The real server reckons both from the site's topology.

import type { Isolation, IsolationSwitch, Rides } from '../src/live/supply'
import type { Quality } from '../src/live/types'
import { assets, points } from './mock-plant'
import type { World } from './mock-world'

const zone = 'demo/ups-a'
const room = 'demo/b1'
const started = new Date().toISOString()
const strings = assets.filter((a) => a.kind === 'battery-rack')

const nameOf = (id: string) => assets.find((a) => a.id === id)?.name ?? { ko: id, en: id }

function inputOf(world: World, id: string) {
  const p = points.find((q) => q.id === id)
  const { v, q } = world.read(id)
  return { point: id, name: p?.names ?? { ko: id, en: id }, value: v ?? 0, unit: p?.unit ?? '-', quality: q }
}

/** The answer of GET clocks: one UPS zone, on the grid as long as nobody plays it away. */
export function clocksOf(world: World): Rides {
  const inputs = ['runtime', 'batt-charge', 'load', 'batt-racks'].map((w) =>
    inputOf(world, `${zone}/ups/ctl/${w}`),
  )
  const missing = inputs.filter((i) => i.quality !== 'good').map((i) => i.point)
  const minutes = missing.length === 0 ? (inputs[0]?.value ?? null) : null
  const state = minutes === null ? 'unknown' : 'holding'
  const id = `ups:${zone}`
  return {
    time: new Date().toISOString(),
    items: [
      {
        id,
        kind: 'ups',
        asset: zone,
        name: nameOf(zone),
        zones: [zone],
        state,
        since: started,
        minutes,
        now: minutes,
        spread: 0,
        until: null,
        missing,
        inputs,
      },
    ],
    zones: [{ zone, name: nameOf(zone), worst: id, state, minutes }],
  }
}

function breakerOf(world: World, rack: string): IsolationSwitch {
  const point = `${rack}/io/open-52b`
  const { v, q }: { v: number | null; q: Quality } = world.read(point)
  const known = q === 'good' && v !== null
  return {
    id: `${rack}/cb`,
    kind: 'breaker',
    asset: rack,
    name: {
      ko: `${nameOf(rack).ko} 차단기`,
      en: `${nameOf(rack).en} breaker`,
    },
    state: !known ? 'unknown' : v > 0 ? 'open' : 'closed',
    quality: q,
    point,
    command: `${rack}/io/isolate`,
    place: nameOf(room),
  }
}

/** The answer of GET isolation, of a battery rack or the room; undefined for what the mock knows no supply of. */
export function isolationOf(world: World, asset: string): Isolation | undefined {
  const racks = strings.filter((r) => r.id === asset || asset === room)
  if (racks.length === 0) return undefined
  const all = strings.map((r) => breakerOf(world, r.id))
  const open = racks.map((r) => breakerOf(world, r.id)).filter((s) => s.state !== 'open')
  const on = all.filter((s) => s.state !== 'open').length
  const left = on - open.length
  const { v: before } = world.read(`${zone}/ups/ctl/runtime`)
  const minutes = before === null || on === 0 ? null : (before * left) / on
  return {
    asset,
    name: nameOf(asset),
    time: new Date().toISOString(),
    plans: [
      {
        kind: 'smallest',
        open,
        effect: {
          dark: [],
          one_path: [],
          on_battery: [],
          unsure: 0,
          zones: [
            { zone, name: nameOf(zone), strings: left, of: strings.length, grid: true, before, minutes },
          ],
          services: [],
        },
      },
    ],
    live: [],
    doubt: open.filter((s) => s.state === 'unknown'),
  }
}
