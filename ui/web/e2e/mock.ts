// A stand-in for the server, so that screens can be built, tested and looked at without it. It is
// for component tests and screenshots only: what it says about fire, alarms or rights is play.

import { floodOf, historyOf, reportOf, serviceOf } from './mock-alarms'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Picture } from '../src/live/picture'
import type { Bucket, Entry, Heartbeat, Session, Tick } from '../src/live/types'
import { Continuity, Refused } from './mock-continuity'
import { nodes } from './mock-system'
import { OrderRefused, Orders, orders } from './mock-orders'
import { links, scenarios, site, story } from './mock-data'
import { floor, floorPlan, someAssets, somePoints } from './mock-floor'
import { points } from './mock-plant'
import type { Scene } from './mock-scenes-late'
import { World } from './mock-world'

const dist = new URL('../dist/', import.meta.url)

const kinds: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
  woff2: 'font/woff2',
}

// The same policy as the real server's, so that a breach shows here first.
const policy =
  "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

interface Viewer {
  res: ServerResponse
  /** The organisation's view holds its picture and heartbeats, nothing else. */
  continuity: boolean
  last: string[]
}

class Mock {
  world = new World()
  continuity = new Continuity()
  orders = new Orders()
  sessions = new Map<string, Session>()
  viewers = new Set<Viewer>()
  running = ''
  paused = false
  speed = 1
  frozen = false
  sick = false
  private seq = 1
  private timer = setInterval(() => this.second(), 1000)

  constructor() {
    this.world.told = (event, data) => this.tell(event, data)
    this.continuity.told = (p) => this.paint(p)
    this.orders.told = (r) => this.tell('cmd', r)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  reset(): void {
    this.world = new World()
    this.world.told = (event, data) => this.tell(event, data)
    this.continuity = new Continuity()
    this.orders = new Orders()
    this.orders.told = (r) => this.tell('cmd', r)
    this.continuity.told = (p) => this.paint(p)
    this.running = ''
    this.paused = false
    this.speed = 1
    this.frozen = false
    this.sick = false
    for (const v of this.viewers) this.snap(v)
  }

  tell(event: string, data: unknown): void {
    if (this.frozen) return
    const block = `id: ${this.seq++}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
    for (const v of this.viewers) if (!v.continuity || event === 'hb') v.res.write(block)
  }

  paint(picture: Picture): void {
    if (this.frozen) return
    const block = `id: ${this.seq}\nevent: continuity\ndata: ${JSON.stringify({ picture })}\n\n`
    for (const v of this.viewers) if (v.continuity) v.res.write(block)
  }

  snap(v: Viewer): void {
    if (this.frozen) return
    if (v.continuity) {
      if (this.continuity.picture) this.paint(this.continuity.picture)
      return this.beat()
    }
    const readings = this.world.readAll()
    v.last = readings.map((r) => JSON.stringify(r))
    const data = {
      seq: this.seq,
      t: Date.now(),
      points: points.map((p, i) => ({ id: p.id, ...readings[i], t: new Date().toISOString() })),
      alarms: [...this.world.alarms.values()],
      rooms: [this.world.step()],
      cmds: [...this.orders.records.values()],
      links,
    }
    v.res.write(`id: ${this.seq++}\nevent: snap\ndata: ${JSON.stringify(data)}\n\n`)
    this.beat()
  }

  private second(): void {
    if (this.frozen) return
    this.tell('fire', this.world.step())
    const readings = this.world.readAll()
    for (const v of this.viewers) {
      if (v.continuity) continue
      const tick: Tick = { s: this.seq, t: Date.now(), i: [], v: [], q: {} }
      readings.forEach((r, i) => {
        const text = JSON.stringify(r)
        if (text === v.last[i]) return
        v.last[i] = text
        tick.i?.push(i)
        tick.v?.push(r.v)
      })
      v.res.write(`id: ${this.seq}\nevent: tick\ndata: ${JSON.stringify(tick)}\n\n`)
    }
    this.seq++
    this.beat()
  }

  private beat(): void {
    const hb: Heartbeat = {
      t: Date.now(),
      build: site.build,
      lag_ms: 12,
      drill: false,
      field: { connected: true, age_ms: 120, collecting: true, journal_ok: true, journal_gap: '' },
      links,
    }
    this.tell('hb', hb)
  }
}

const roles: Record<string, string[]> = {
  operator: ['operator'],
  lead: ['lead'],
  safety: ['safety'],
  facilities: ['facilities'],
  authority: ['authority'],
  member: ['member'],
  chair: ['chair'],
  tower: ['tower'],
  pr: ['member'],
  admin: ['admin'],
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = []
  for await (const part of req) parts.push(part)
  const text = parts.map((p) => new TextDecoder().decode(p)).join('')
  return text ? (JSON.parse(text) as Record<string, unknown>) : {}
}

class Refusal extends Error {
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

const handlers: [string, RegExp, Handler][] = [
  ['GET', /^site$/, () => site],
  ['GET', /^assets$/, (_m, _id, _b, query) => someAssets(query)],
  ['GET', /^floor$/, (m) => floor(m.world)],
  ['GET', /^floor\/plan$/, () => floorPlan()],
  ['GET', /^nodes$/, (m) => ({ items: nodes(links, m.world.entries.length, m.continuity.picture, m.sick) })],
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
  ['POST', /^alarms\/(.+)\/reset$/, (m, id) => alarmAct(m, id, 'reset')],
  ['POST', /^alarms\/(.+)\/shelve$/, (m, id) => alarmAct(m, id, 'shelve')],
  ['POST', /^alarms\/(.+)\/unshelve$/, (m, id) => alarmAct(m, id, 'unshelve')],
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

function send(res: ServerResponse, status: number, body: unknown, cookie?: string): void {
  const headers: Record<string, string> = {
    'Content-Type': status >= 400 ? 'application/problem+json' : 'application/json',
    'Content-Security-Policy': policy,
  }
  if (cookie) headers['Set-Cookie'] = cookie
  res.writeHead(status, headers).end(status === 204 ? undefined : JSON.stringify(body))
}

function sessionOf(m: Mock, req: IncomingMessage): Session | undefined {
  const id = /bongsu-mock=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''
  return m.sessions.get(id)
}

async function session(m: Mock, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (req.method === 'POST') {
    const { user, password } = await bodyOf(req)
    const has = roles[String(user)]
    if (!has || password !== 'bongsu-demo') throw new Refusal(401, 'User or password is wrong.')
    const id = Math.random().toString(36).slice(2)
    const station = `st-${id}`
    m.sessions.set(id, { user: String(user), name: String(user), roles: has, last_login: null, station })
    return send(res, 200, m.sessions.get(id), `bongsu-mock=${id}; Path=/; HttpOnly; SameSite=Strict`)
  }
  const mine = sessionOf(m, req)
  if (!mine) throw new Refusal(401, 'Log in first.')
  if (req.method === 'DELETE') return send(res, 204, null, 'bongsu-mock=; Path=/; Max-Age=0')
  return send(res, 200, mine)
}

function live(m: Mock, res: ServerResponse, view: string): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  const viewer: Viewer = { res, continuity: view === 'continuity', last: [] }
  m.viewers.add(viewer)
  res.on('close', () => m.viewers.delete(viewer))
  m.snap(viewer)
}

function picture(m: Mock, res: ServerResponse): void {
  if (!m.continuity.picture) throw new Refusal(404, 'This site has no continuity configured.')
  send(res, 200, m.continuity.picture)
}

async function api(m: Mock, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const path = decodeURIComponent(url.pathname.slice('/api/v1/'.length))
  if (path === 'session') return session(m, req, res)
  const who = sessionOf(m, req)
  if (!who) throw new Refusal(401, 'Log in first.')
  if (path === 'live') return live(m, res, url.searchParams.get('view') ?? '')
  if (path === 'bcp' && req.method === 'GET') return picture(m, res)
  if (req.method === 'POST' && /^(bcp|incidents|runs|failover|services)(\/|$)/.test(path)) {
    const answer = m.continuity.ask(path, await bodyOf(req), { user: who.user, station: who.station ?? '' })
    return send(res, answer.code, answer)
  }
  if (req.method === 'POST' && /^(commands|fire)/.test(path)) {
    const me = { user: who.user, station: who.station ?? '' }
    const body = await bodyOf(req)
    if (path === 'commands') return send(res, 202, m.orders.give(body, me))
    const [, , room = '', verb = ''] = path.split('/')
    if (path.startsWith('fire/')) return send(res, 202, m.orders.fire(room, verb, body, me))
    return send(res, 202, m.orders.act(path.slice('commands/'.length), me))
  }
  for (const [method, pattern, handle] of handlers) {
    const hit = pattern.exec(path)
    if (method !== req.method || !hit) continue
    const body = method === 'GET' ? {} : await bodyOf(req)
    return send(res, 200, handle(m, hit[1] ?? '', body, url.searchParams))
  }
  throw new Refusal(404, `Nothing at ${path}.`)
}

// What only tests ask of the mock: a clean start, a fire so many seconds in, a frozen server.
async function control(m: Mock, url: URL, res: ServerResponse): Promise<void> {
  if (url.pathname === '/mock/reset') m.reset()
  if (url.pathname === '/mock/fire') {
    m.running = 'battery-fire'
    m.world.start(Number(url.searchParams.get('at') ?? 0))
  }
  if (url.pathname === '/mock/freeze') m.frozen = true
  if (url.pathname === '/mock/thaw') m.frozen = false
  if (url.pathname === '/mock/system') m.sick = url.searchParams.get('sick') === '1'
  if (url.pathname === '/mock/continuity')
    m.continuity.play((url.searchParams.get('scene') ?? 'calm') as Scene)
  if (url.pathname === '/mock/flood')
    for (let n = 0; n < Number(url.searchParams.get('n') ?? 100); n++)
      m.world.raise(`flood/${n}`, 3 + (n % 2), 'demo/h1/a1', Date.now() - n, {
        texts: { ko: `시험 경보 ${n}`, en: `Test alarm ${n}` },
      })
  send(res, 200, {})
}

async function file(url: URL, res: ServerResponse): Promise<void> {
  const asset = /^\/assets\/[\w.-]+$/.test(url.pathname) || url.pathname === '/favicon.svg'
  const path = asset ? url.pathname.slice(1) : 'index.html'
  try {
    const content = await readFile(new URL(path, dist))
    const kind = kinds[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
    res.writeHead(200, { 'Content-Type': kind, 'Content-Security-Policy': policy }).end(content)
  } catch {
    res.writeHead(404).end('not found')
  }
}

export interface Running {
  url: string
  close(): Promise<void>
}

/** Starts the mock on 127.0.0.1; port 0 takes any free one. */
export async function startMock(port = 0): Promise<Running> {
  const m = new Mock()
  const server: Server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://mock')
    const work = url.pathname.startsWith('/api/')
      ? api(m, req, res, url)
      : url.pathname.startsWith('/mock/')
        ? control(m, url, res)
        : file(url, res)
    work.catch((e: unknown) => {
      const status =
        e instanceof Refusal || e instanceof Refused || e instanceof OrderRefused ? e.status : 500
      send(res, status, { title: 'refused', status, detail: e instanceof Error ? e.message : '' })
    })
  })
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        m.stop()
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
}
