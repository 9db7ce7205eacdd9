import { describe, expect, it } from 'vitest'
import { behindBy, oddities, readSystem, size, wrongs, type System, type SystemNode } from './system'
import type { Control } from './picture'
import type { Link } from './types'

const at = '2026-03-01T04:00:00.000Z'
const health = { connected: true, age_ms: 200, collecting: true, journal_ok: true, journal_gap: '' }

const well = (): { field: SystemNode; desk: SystemNode } => ({
  field: {
    node: 'demo',
    role: 'field',
    at,
    started: at,
    health,
    spool_ok: true,
    evicted: 0,
    revision: 'a',
    build: 'x',
  },
  desk: {
    node: 'demo',
    role: 'desk',
    at,
    started: at,
    revision: 'a',
    build: 'x',
    history: [{ name: 'embedded', ok: true, refused: 0, behind: false, reached: '2026-03-01T03:59:59.000Z' }],
  },
})

const link = (connected: boolean, more: Partial<Link> = {}): Link => ({
  id: 'bms',
  protocol: 'modbus',
  address: '127.0.0.1:20000',
  connected,
  last_good: at,
  next_try: null,
  requests: 1,
  failures: 0,
  overruns: 0,
  ...more,
})

const keys = (s: System, links: Link[] = [link(true)], control?: Partial<Control>) =>
  wrongs(s, links, control as Control | undefined).map((w) => w.key)

describe('what is wrong', () => {
  it('is nothing when every part works', () => {
    expect(keys(well(), [link(true)], { quorum: true })).toEqual([])
  })

  it('says of a silent field only that it is silent: the rest is not known', () => {
    const s = well()
    s.field.health = { ...health, connected: false, collecting: false, journal_ok: false }
    expect(keys(s)).toEqual(['sys.wrong.field'])
  })

  it('tells a certificate that ends soon, and not one that has time', () => {
    const s = well()
    const at = Date.parse(s.desk.at ?? '')
    const until = (days: number) => new Date(at + days * 86_400_000 + 1000).toISOString()
    s.desk.members = [
      { name: 'a', address: 'a:1', ok: true, leader: true, ends: until(29) },
      { name: 'b', address: 'b:1', ok: true, leader: false, ends: until(31) },
      { name: 'c', address: 'c:1', ok: true, leader: false },
    ]
    expect(wrongs(s, [], undefined)).toEqual([
      { key: 'sys.wrong.certificate', part: 'common', values: { name: 'a', days: 29 } },
    ])
  })

  it('names collectors that are away and links that nobody serves', () => {
    const s = well()
    const c = {
      since: null,
      links: [],
      own: 2,
      lag_ms: 0,
      clock_ms: 0,
      samples: 0,
      late: 0,
      refused: 0,
      evicted: 0,
    }
    s.field.collectors = [
      { ...c, name: 'c1', connected: true },
      { ...c, name: 'c2', connected: false },
    ]
    s.field.unserved = ['a', 'b', 'c', 'd', 'e', 'f']
    expect(wrongs(s, [], undefined)).toEqual([
      { key: 'sys.wrong.unserved', part: 'collectors', values: { n: 6, names: 'a, b, c, d, e, …' } },
      { key: 'sys.wrong.collector', part: 'collectors', values: { name: 'c2' } },
    ])
  })

  it('names the heaviest first', () => {
    const s = well()
    s.field.health = { ...health, journal_ok: false, journal_gap: 'two acts' }
    s.field.devices = [{ id: 'd', asset: 'a', link: 'bms', points: 3, missing: 3, last_seen: null }]
    s.field.devices_more = 4
    s.desk.history = [{ name: 'influx', ok: false, why: 'refused', refused: 0, behind: true }]
    s.desk.members = [{ name: 'b', address: 'b:1', ok: false, leader: false }]
    expect(keys(s, [link(false), link(true)], { quorum: false })).toEqual([
      'sys.wrong.journal',
      'sys.wrong.gap',
      'sys.wrong.quorum',
      'sys.wrong.member',
      'sys.wrong.influx',
      'sys.wrong.links',
      'sys.wrong.devices',
    ])
    expect(
      wrongs(s, [link(false), link(true)], undefined).find((w) => w.key === 'sys.wrong.devices')?.values,
    ).toEqual({ n: 5 })
  })

  it('is a backlog that is older than a minute, by the server clock', () => {
    const s = well()
    s.desk.history = [
      { name: 'embedded', ok: true, refused: 0, behind: true, reached: '2026-03-01T03:50:00.000Z' },
    ]
    expect(keys(s)).toEqual(['sys.wrong.embedded-behind'])
    expect(behindBy({ name: 'influx', ok: true, refused: 0, behind: false }, Date.parse(at))).toBe(0)
  })

  it('is another revision or build between the two processes, once both are known', () => {
    const s = well()
    s.desk.revision = 'b'
    s.desk.build = 'y'
    expect(keys(s)).toEqual(['sys.wrong.revision', 'sys.wrong.build'])
    s.field.revision = ''
    s.field.build = undefined
    expect(keys(s)).toEqual([])
  })
})

describe('the answer', () => {
  it('is read whatever is missing in it', () => {
    expect(readSystem(null).field.started).toBeNull()
    expect(keys(readSystem([]), [])).toEqual([])
  })

  it('has sizes as people say them', () => {
    expect([0, 999, 1500, 64_000_000, 12_300_000_000].map((b) => `${size(b).n} ${size(b).unit}`)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '64.0 MB',
      '12.3 GB',
    ])
  })

  it('tells what is odd on a link beside its failures', () => {
    expect(oddities(link(true, { unbound: 3, skewed: 1, doubted: 0 }))).toEqual([
      { key: 'unbound', n: 3 },
      { key: 'skewed', n: 1 },
    ])
  })
})
