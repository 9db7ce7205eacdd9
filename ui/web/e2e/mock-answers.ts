// The mock's plain answers: one line for each call that needs nothing but the state and the question.

import type { Bucket, Entry } from '../src/live/types'
import { floodOf, historyOf, noteOn, reportOf, serviceOf } from './mock-alarms'
import { links, scenarios, site, story } from './mock-data'
import { floor, floorPlan, someAssets, somePoints } from './mock-floor'
import { proofTests, sheetOf } from './mock-care'
import { orders } from './mock-orders'
import type { Mock } from './mock-state'
import { sitesOf } from './mock-sites'
import { lineOf } from './mock-line'
import { clocksOf, isolationOf } from './mock-supply'
import { nodes } from './mock-system'

/** A question that is answered with no. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

function history(m: Mock, id: string, query: URLSearchParams): { point: string; buckets: Bucket[] } {
  const from = Date.parse(query.get('from') ?? '')
  const to = Date.parse(query.get('to') ?? '')
  const step = Math.max(1000, (to - from) / 300)
  const now = m.world.read(id).v ?? 25
  const buckets: Bucket[] = []
  for (let t = from; t <= to; t += step) {
    // A gap a third of the way in: gaps must be looked at too.
    const part = (t - from) / (to - from)
    if (part > 0.3 && part < 0.34) continue
    const last = (m.world.began > 0 && t < m.world.began ? 25 : now) + Math.sin(t / 60_000) * 0.4
    const quality = part > 0.6 && part < 0.66 ? 'stale' : 'good'
    buckets.push({ t: new Date(t).toISOString(), min: last, max: last, last, quality })
  }
  return { point: id, buckets }
}

type Handler = (m: Mock, id: string, body: Record<string, unknown>, query: URLSearchParams) => unknown

function alarmAct(m: Mock, id: string, verb: string): unknown {
  const a = m.world.alarms.get(id)
  if (!a) throw new Refusal(404, 'There is no such alarm.')
  const at = new Date().toISOString()
  if (verb === 'ack') {
    const state = a.state.startsWith('latched') ? 'latched-acknowledged' : 'acknowledged'
    m.world.change(id, { state, acked: at, acked_by: 'operator' })
  } else if (verb === 'reset') m.world.change(id, { state: 'normal', returned: at })
  else m.world.change(id, { state: verb === 'shelve' ? 'shelved' : 'acknowledged' })
  return { code: 200, detail: '', seq: m.world.entries.length }
}

function isolation(m: Mock, asset: string): unknown {
  const plan = isolationOf(m.world, asset)
  if (!plan) throw new Refusal(404, `How "${asset}" is supplied is not known here.`)
  return plan
}

/** Method, path and answer; the first that fits is taken. */
export const handlers: [string, RegExp, Handler][] = [
  ['GET', /^site$/, () => site],
  ['GET', /^assets$/, (_m, _id, _b, query) => someAssets(query)],
  ['GET', /^floor$/, (m) => floor(m.world)],
  ['GET', /^floor\/plan$/, () => floorPlan()],
  ['GET', /^nodes$/, (m) => ({ items: nodes(links, m.world.entries.length, m.continuity.picture, m.sick) })],
  ['GET', /^sites$/, (m) => sitesOf(m.continuity.picture, m.continuity.entries, m.hearing)],
  ['GET', /^points$/, (_m, _id, _b, query) => somePoints(query)],
  ['GET', /^points\/(.+)\/history$/, (m, id, _b, query) => history(m, id, query)],
  [
    'GET',
    /^points\/(.+)\/band$/,
    (_m, id) => ({ point: id, state: 'none', texts: { ko: '', en: '' }, edges: [] }),
  ],
  ['GET', /^alarms$/, (m) => ({ items: [...m.world.alarms.values()] })],
  ['GET', /^alarms\/flood$/, (m) => floodOf(m.world)],
  ['GET', /^alarms\/report$/, () => reportOf()],
  ['GET', /^alarms\/(.+)\/history$/, (m, id) => historyOf(m.world, id)],
  ['POST', /^alarms\/(.+)\/(?:out-of|in)-service$/, (m, id, body) => serviceOf(m.world, id, body)],
  ['POST', /^alarms\/(.+)\/ack$/, (m, id) => alarmAct(m, id, 'ack')],
  ['POST', /^alarms\/(.+)\/notes$/, (m, id, body) => noteOn(m.world, id, body)],
  ['POST', /^alarms\/(.+)\/reset$/, (m, id) => alarmAct(m, id, 'reset')],
  ['POST', /^alarms\/(.+)\/shelve$/, (m, id) => alarmAct(m, id, 'shelve')],
  ['POST', /^alarms\/(.+)\/unshelve$/, (m, id) => alarmAct(m, id, 'unshelve')],
  ['GET', /^fire\/proof-tests$/, () => ({ items: proofTests })],
  ['GET', /^fire\/rooms\/(.+)\/handover$/, (m) => sheetOf(m.world.step(), m.care)],
  ['GET', /^clocks$/, (m) => clocksOf(m.world)],
  ['GET', /^single-line$/, (m, _id, _b, query) => lineOf(m.world, m.power, query.get('of') ?? '')],
  ['GET', /^isolation$/, (m, _id, _b, query) => isolation(m, query.get('asset') ?? 'demo/b1')],
  ['GET', /^orders$/, () => ({ items: orders })],
  ['GET', /^orders\/(.+)$/, (_m, id) => orders.find((o) => o.id === id)],
  [
    'GET',
    /^journal$/,
    (m, _id, _b, query) => {
      const after = query.get('after')
      const limit = Number(query.get('limit') ?? 200)
      const shared = query.get('scope') === 'shared'
      const all: Entry[] = shared ? m.continuity.entries : m.world.entries
      return {
        items: after === null ? all.slice(-limit) : all.filter((e) => e.seq > Number(after)).slice(0, limit),
      }
    },
  ],
  ['GET', /^sim\/scenarios$/, () => ({ items: scenarios })],
  [
    'GET',
    /^sim\/nodes$/,
    () => ({
      items: [
        { name: 'n1', console: '127.0.0.1:8080', is: 'running', want: 'frozen' },
        { name: 'n2', console: '127.0.0.1:8081', is: 'running', want: 'running' },
        { name: 'n3', console: '127.0.0.1:8082', is: 'stopped', want: 'stopped' },
      ],
    }),
  ],
  [
    'GET',
    /^sim\/state$/,
    (m) => ({
      scenario: m.running ? { name: m.running, ...story(m.world.moment().t) } : null,
      speed: { asked: m.speed, effective: m.running ? 1 : m.speed, held: m.running !== '' },
      clock: { paused: m.paused, step_left_s: 0 },
      faults: m.running ? [{ id: 'f1', kind: 'isc', target: 'demo/b1/r3' }] : [],
      racks: m.world
        .step()
        .racks.map((r) => ({ id: r.asset, max_cell_c: (r.hottest ?? 0) + 1.7, air_c: 25 })),
    }),
  ],
  [
    'POST',
    /^sim\/scenarios\/(.+)$/,
    (m, id) => {
      m.running = id
      if (id === 'battery-fire') m.world.start()
      return {}
    },
  ],
  [
    'DELETE',
    /^sim\/scenarios$/,
    (m) => {
      m.running = ''
      m.paused = false
      return {}
    },
  ],
  ['POST', /^sim\/pause$/, (m) => ((m.paused = true), {})],
  ['POST', /^sim\/resume$/, (m) => ((m.paused = false), {})],
  ['POST', /^sim\/step$/, (_m, _id, body) => ({ seconds: Number(body.seconds) })],
  ['PUT', /^sim\/speed$/, (m, _id, body) => ({ speed: (m.speed = Number(body.speed)) })],
]
