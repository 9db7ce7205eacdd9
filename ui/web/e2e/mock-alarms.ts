// What the mock says of floods and of the alarm system: by asset, without the topology of the real one.

import type { Flood, Group, Report } from '../src/live/flood'
import type { Alarm, CommandRecord } from '../src/live/types'
import type { World } from './mock-world'

const outageCause = 'transfer-failed/demo/ats'
const outage: [id: string, priority: number, asset: string, ko: string, en: string][] = [
  ['ups-on-battery/demo/ups-a/ups', 2, 'demo/ups-a/ups', 'UPS 배터리 운전', 'UPS on battery'],
  [outageCause, 2, 'demo/ats', '수전 절체 실패', 'Source transfer failed'],
  ['chiller-no-power/demo/cw/ch1', 3, 'demo/cw/ch1', '냉동기 전원 상실', 'Chiller without power'],
  ['chiller-no-power/demo/cw/ch2', 3, 'demo/cw/ch2', '냉동기 전원 상실', 'Chiller without power'],
  ['string-v-low/demo/b1/r3', 3, 'demo/b1/r3', '스트링 전압 낮음', 'String voltage low'],
  ['ups-low-battery/demo/ups-a/ups', 1, 'demo/ups-a/ups', 'UPS 배터리 곧 소진', 'UPS battery nearly empty'],
]

/** The source transfer fails: what follows rings too, the UPS a second before its cause is seen. */
export function loseSupply(world: World): void {
  outage.forEach(([id, priority, asset, ko, en], i) => {
    const source = new Date(Date.now() - 60_000 + i * 1000).toISOString()
    world.raise(id, priority, asset, Date.now() - 50_000 + i * 1000, {
      texts: { ko, en },
      class: 'power',
      source,
    })
  })
}

/** The group of what follows, as the real server finds it along the power path. */
function outageGroup(open: Alarm[]): Group[] {
  const of = outage.flatMap(([id]) => open.find((a) => a.id === id) ?? [])
  if (!of.some((a) => a.id === outageCause)) return []
  const alone = (a: Alarm) => a.priority === 1 || a.id === outageCause
  return [
    {
      asset: 'demo/ats',
      cause: outageCause,
      causes: [outageCause],
      path: 'power',
      first_out: of[0]?.id ?? '',
      first: of[0]?.source ?? '',
      worst: Math.min(...of.map((a) => a.priority)),
      active: of.filter((a) => a.active).length,
      unacked: of.filter((a) => a.state.includes('unack')).length,
      alarms: of.filter((a) => !alone(a)).map((a) => a.id),
      urgent: of.filter(alone).map((a) => a.id),
    },
  ]
}

export function floodOf(world: World): Flood {
  const standing = [...world.alarms.values()].filter((a) => a.state !== 'normal')
  const followed = outageGroup(standing)
  const inGroup = new Set(followed.flatMap((g) => [...g.alarms, ...g.urgent]))
  const open = standing.filter((a) => !inGroup.has(a.id))
  const by = new Map<string, Group>()
  open.sort((a, b) => Date.parse(a.source ?? a.raised ?? '') - Date.parse(b.source ?? b.raised ?? ''))
  for (const a of open) {
    const g: Group = by.get(a.asset) ?? {
      asset: a.asset,
      first_out: a.id,
      first: a.source ?? a.raised ?? '',
      worst: a.priority,
      active: 0,
      unacked: 0,
      alarms: [],
      urgent: [],
    }
    g.worst = Math.min(g.worst, a.priority)
    g.active += Number(a.active)
    g.unacked += Number(a.state.includes('unack'))
    if (a.priority === 1) g.urgent.push(a.id)
    else g.alarms.push(a.id)
    by.set(a.asset, g)
  }
  const groups = [...followed, ...by.values()].sort((a, b) => b.alarms.length - a.alarms.length)
  const recent = open.filter((a) => Date.now() - Date.parse(a.raised ?? '') < 600_000)
  const flooded = recent.length > 10
  return {
    positions: [
      {
        id: 'control',
        name: { ko: '관제실', en: 'Control room' },
        flooded,
        since: flooded ? (recent[0]?.raised ?? null) : null,
        count: flooded ? recent.length : 0,
        rate: recent.length,
        groups,
      },
    ],
    chattering: Object.fromEntries(open.filter((a) => a.count >= 3).map((a) => [a.id, a.count])),
  }
}

export function historyOf(world: World, id: string) {
  const lines = world.entries.filter((e) => e.kind === 'alarm' && e.subject === id)
  return {
    items: lines.reverse().map((e) => {
      const a = e.data as Alarm
      return {
        seq: e.seq,
        time: e.time,
        actor: e.actor,
        state: a.state,
        value: a.value,
        count: a.count,
        reason: a.reason ?? '',
        note: a.notes?.find((n) => n.revision === a.revision)?.text,
      }
    }),
  }
}

export function reportOf(): Report {
  const row = (name: string, value: number, unit: string, limit: number, met: boolean) => ({
    name,
    value,
    unit,
    limit,
    met,
  })
  return {
    from: new Date(Date.now() - 30 * 86_400_000).toISOString(),
    to: new Date().toISOString(),
    begins: null,
    positions: [
      {
        position: { id: 'control', name: { ko: '관제실', en: 'Control room' } },
        alarms: 3120,
        floods: 2,
        rows: [
          row('average', 0.72, '1/10min', 2, true),
          row('periods-over-10', 0.4, '%', 1, true),
          row('most-in-10-min', 34, '1', 10, false),
          row('time-in-flood', 0.3, '%', 1, true),
          row('top-10-share', 22.5, '%', 5, false),
          row('chattering', 1, '1', 0, false),
          row('standing-a-day', 3, '1', 5, true),
          row('share-p1', 4.1, '%', 5, true),
          row('share-p2', 14.2, '%', 15, true),
          row('share-p3-p4', 81.7, '%', 80, true),
          row('hidden-without-leave', 0, '1', 0, true),
        ],
        top: [{ id: 'soh-low/demo/b1/r7', count: 70 }],
        chatter: [{ id: 'soh-low/demo/b1/r7', count: 12 }],
        hidden: [],
      },
    ],
  }
}

/** What two people have signed, done. */
export function silence(world: World, r: CommandRecord): void {
  const id = r.name.slice(r.name.indexOf(' ') + 1)
  if (r.kind === 'alarm.shelve') world.change(id, { state: 'shelved', reason: r.reason })
  else world.change(id, { state: 'out-of-service', work_order: r.args?.work_order, reason: r.reason })
}

export function serviceOf(world: World, id: string, body: Record<string, unknown>): unknown {
  if (body.function_test) world.change(id, { state: 'unacknowledged', work_order: '' })
  else
    world.change(id, {
      state: 'out-of-service',
      work_order: String(body.work_order),
      reason: String(body.reason),
    })
  return { code: 200, detail: '', seq: world.entries.length }
}

export function noteOn(world: World, id: string, body: Record<string, unknown>): unknown {
  const had = world.alarms.get(id)
  const notes = had?.notes ?? []
  const note = {
    n: (notes.at(-1)?.n ?? 0) + 1,
    act: `n${world.revision}`,
    at: new Date().toISOString(),
    by: 'operator',
    occurrence: had?.occurrence ?? 1,
    revision: world.revision,
    text: String(body.text),
  }
  world.change(id, { notes: [...notes, note].slice(-10) })
  return { code: 200, detail: '', seq: world.entries.length }
}
