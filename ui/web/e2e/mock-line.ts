// The single line of the mock: two feeds and a generator, one UPS zone with its batteries, two panels and a hall. In the
// dark both feeds are gone and the UPS runs on battery. Of its battery racks the first may be isolated, the next not known.

import type { JoinState, LineBox, LineJoin, LineState, SingleLine } from '../src/live/single-line'
import { assets } from './mock-plant'
import type { World } from './mock-world'

const text = (ko: string, en: string) => ({ ko, en })
const racks = assets.filter((a) => a.kind === 'battery-rack')

interface More {
  asset?: string
  count?: number
  dead?: number
  kw?: number | null
  load?: number | null
  minutes?: number | null
  isolated?: number
  unproven?: number
}

function box(
  [id, kind, row]: [string, string, number],
  name: LineBox['name'],
  state: LineState,
  more: More = {},
): LineBox {
  return {
    ...{
      id,
      kind,
      row,
      name,
      state,
      asset: id,
      count: 1,
      dead: 0,
      isolated: 0,
      unproven: 0,
      kw: null,
      load: null,
      minutes: null,
      quality: 'good',
    },
    ...more,
  }
}

function join(
  [from, to]: [string, string],
  kind: string,
  state: JoinState,
  live: boolean,
  shown = true,
): LineJoin {
  const name = text(`${to} 차단기`, `Breaker of ${to}`)
  const both_ways = kind === 'zone-dc'
  return {
    from,
    to,
    kind,
    name,
    state,
    count: 1,
    open: state === 'open' ? 1 : 0,
    shown,
    live,
    quality: 'good',
    both_ways,
  }
}

/** What only tests set: the feeds are gone, and how many battery racks are cut off, or of unknown state. */
export interface Power {
  dark: boolean
  isolated: number
  unproven: number
}

export const ordinaryPower: Power = { dark: false, isolated: 0, unproven: 0 }

/** The answer of GET single-line; of is the box whose members are told. */
export function lineOf(world: World, { dark, isolated, unproven }: Power, of: string): SingleLine {
  const fed: LineState = dark ? 'battery' : 'live'
  const grid: LineState = dark ? 'dead' : 'live'
  const kw = (v: number) => (dark ? 0 : v)
  const batteries = box(
    ['battery demo/ups-a', 'battery', 2],
    text('UPS A 구역 배터리', 'Batteries of UPS zone A'),
    isolated === racks.length ? 'isolated' : fed,
    {
      asset: 'demo/b1',
      count: racks.length,
      isolated,
      unproven,
    },
  )
  if (of === batteries.id)
    batteries.members = racks.map((r, i) => {
      const state = i < isolated ? 'isolated' : i < isolated + unproven ? 'unknown' : fed
      return { asset: r.id, name: r.name, state }
    })
  const alarms = [...world.alarms.values()].filter((a) => a.asset.startsWith('demo/b1'))
  return {
    time: new Date().toISOString(),
    boxes: [
      box(['demo', 'site', 1], text('봉수 시연 센터', 'Bongsu demo center'), grid),
      box(['demo/feed-a', 'feed', 0], text('수전 A (상용)', 'Feed A (main)'), grid, { kw: kw(212) }),
      box(['demo/feed-b', 'feed', 0], text('수전 B (예비)', 'Feed B (reserve)'), grid, { kw: 0 }),
      box(['demo/gen', 'generator', 0], text('비상 발전기', 'Emergency generator'), 'dead', {
        kw: 0,
        load: 0,
      }),
      box(['demo/rest', 'beyond', 0], text('건물의 나머지 UPS', 'UPS of the rest of the building'), 'live', {
        asset: undefined,
      }),
      box(['demo/ups-a', 'ups-zone', 2], text('UPS A 구역', 'UPS zone A'), fed, {
        kw: 96,
        load: 48,
        minutes: 14,
      }),
      batteries,
      box(['demo/ups-a output', 'bus', 3], text('UPS A 구역 출력', 'Output of UPS zone A'), fed, {
        asset: 'demo/ups-a',
      }),
      box(['demo/h1/pdu-a', 'pdu', 4], text('분전반 A', 'Panel A'), fed, { kw: 48, load: 41 }),
      box(['demo/h1/pdu-c', 'pdu', 4], text('분전반 C', 'Panel C'), 'dead', { kw: 0, load: 0 }),
      box(['demo/h1/pdu-b', 'pdu', 4], text('분전반 B', 'Panel B'), 'unknown'),
      box(['racks demo/h1', 'racks', 5], text('전산실 H1 랙', 'Racks of IT hall H1'), fed, {
        asset: 'demo/h1',
        count: 40,
      }),
      box(['chiller demo', 'chiller', 3], text('냉동기 1', 'Chiller 1'), grid, { asset: 'demo/cw/ch1' }),
    ],
    joins: [
      join(['demo/feed-a', 'demo'], 'incomer', 'closed', !dark),
      join(['demo/feed-b', 'demo'], 'incomer', 'standby', false),
      join(['demo/gen', 'demo'], 'generator', 'open', false),
      join(['demo', 'demo/ups-a'], 'zone-input', 'closed', !dark, false),
      join(['battery demo/ups-a', 'demo/ups-a'], 'zone-dc', 'closed', true),
      join(['demo/ups-a', 'demo/ups-a output'], 'ups-output', 'closed', true, false),
      join(['demo/ups-a output', 'demo/h1/pdu-a'], 'panel', 'closed', true),
      join(['demo/ups-a output', 'demo/h1/pdu-c'], 'panel', 'open', false),
      join(['demo/rest', 'demo/h1/pdu-b'], 'panel', 'unknown', false),
      { ...join(['demo/h1/pdu-a', 'racks demo/h1'], 'branch', 'closed', true), count: 40 },
      { ...join(['demo/h1/pdu-b', 'racks demo/h1'], 'branch', 'mixed', true), count: 40, open: 3 },
      join(['demo', 'chiller demo'], 'load', 'closed', !dark, false),
    ],
    transfers: [
      {
        asset: 'demo/ats',
        name: text('수전 절체반', 'Source transfer'),
        position: text('전원 1', 'source 1'),
        mode: text('자동', 'automatic'),
        quality: 'good',
      },
    ],
    alarms: alarms.length
      ? [
          {
            box: batteries.id,
            worst: Math.min(...alarms.map((a) => a.priority)),
            count: alarms.length,
            unacked: alarms.filter((a) => a.state === 'unacknowledged').length,
          },
        ]
      : [],
  }
}
