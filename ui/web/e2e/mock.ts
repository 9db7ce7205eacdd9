// A stand-in for the server, so that screens can be built, tested and looked at without it. It is
// for component tests and screenshots only: what it says about fire, alarms or rights is play.

import type { Hearing } from './mock-sites'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Session } from '../src/live/types'
import { takesTwo } from '../src/live/order'
import { allAccounts, ownAccount, recovery } from './mock-accounts'
import { loseSupply } from './mock-alarms'
import { handlers, Refusal } from './mock-answers'
import { Refused } from './mock-continuity'
import { coded, codeNeeded, newFactor, phoneCode, unenrolled } from './mock-factor'
import { OrderRefused } from './mock-orders'
import type { Scene } from './mock-scenes-late'
import { Mock, type Viewer } from './mock-state'

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
  [coded]: ['operator'],
  [unenrolled]: ['operator'],
}

async function bodyOf(req: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = []
  for await (const part of req) parts.push(part)
  const text = parts.map((p) => new TextDecoder().decode(p)).join('')
  return text ? (JSON.parse(text) as Record<string, unknown>) : {}
}

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
    const { user, password, code } = await bodyOf(req)
    const has = roles[String(user)]
    if (!has || password !== 'bongsu-demo') throw new Refusal(401, 'User or password is wrong.')
    if (user === coded && code !== phoneCode && !recovery.recovery.includes(String(code)))
      return send(res, 401, codeNeeded)
    const id = Math.random().toString(36).slice(2)
    const station = `st-${id}`
    const enrol = user === unenrolled
    m.sessions.set(id, {
      ...{ user: String(user), name: String(user), roles: has, last_login: null, station },
      enrol,
    })
    return send(res, 200, m.sessions.get(id), `bongsu-mock=${id}; Path=/; HttpOnly; SameSite=Strict`)
  }
  const mine = sessionOf(m, req)
  if (!mine) throw new Refusal(401, 'Log in first.')
  if (req.method === 'DELETE') return send(res, 204, null, 'bongsu-mock=; Path=/; Max-Age=0')
  return send(res, 200, mine)
}

/** Whether no majority of the sites is reached: accounts are read only then. */
const cut = (m: Mock): boolean => m.continuity.picture?.control.quorum === false

function live(m: Mock, res: ServerResponse, view: string, pieces: boolean): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
  const viewer: Viewer = { res, continuity: view === 'continuity', pieces, last: [] }
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
  if (path === 'account') return send(res, 200, ownAccount(who.user, cut(m)))
  if (path === 'accounts' && req.method === 'GET') return send(res, 200, allAccounts(who.user, cut(m)))
  if (path === 'account/factor') return send(res, 200, newFactor)
  if (path === 'account/factor/confirm') {
    who.enrol = false
    return send(res, 200, recovery)
  }
  if (req.method === 'POST' && /^accounts?(\/|$)/.test(path)) return send(res, 204, null)
  if (path === 'live')
    return live(m, res, url.searchParams.get('view') ?? '', url.searchParams.get('alarms') === 'pieces')
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
    if (m.care.act(verb, body, me.user)) return send(res, 200, { id: 'a', code: 200, detail: '', seq: 1 })
    if (path.startsWith('fire/')) return send(res, 202, m.orders.fire(room, verb, body, me))
    return send(res, 202, m.orders.act(path.slice('commands/'.length), me))
  }
  const silent = /^alarms\/(.+)\/(shelve|out-of-service)$/.exec(path)
  const alarm = m.world.alarms.get(silent?.[1] ?? '')
  if (silent?.[2] && alarm && takesTwo(alarm, silent[2])) {
    const me = { user: who.user, station: who.station ?? '' }
    return send(res, 202, m.orders.alarm(alarm, silent[2], await bodyOf(req), me))
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
    m.world.start(Number(url.searchParams.get('at') ?? 0), url.searchParams.get('still') === '1')
  }
  if (url.pathname === '/mock/freeze') m.frozen = true
  if (url.pathname === '/mock/hold') m.held = true
  if (url.pathname === '/mock/release') m.release()
  if (url.pathname === '/mock/thaw') m.frozen = false
  if (url.pathname === '/mock/sites') m.hearing = (url.searchParams.get('hear') ?? 'well') as Hearing
  const count = (name: string) => Number(url.searchParams.get(name) ?? 0)
  if (url.pathname === '/mock/power')
    m.power = {
      dark: url.searchParams.get('dark') === '1',
      isolated: count('isolated'),
      unproven: count('unproven'),
    }
  if (url.pathname === '/mock/system') m.sick = url.searchParams.get('sick') === '1'
  if (url.pathname === '/mock/continuity')
    m.continuity.play((url.searchParams.get('scene') ?? 'calm') as Scene)
  if (url.pathname === '/mock/outage') loseSupply(m.world)
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
