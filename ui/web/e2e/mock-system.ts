// What the mock's node says of its own parts: a site of which, when it is sick, one database is away and one device
// is blind, so that every table of the screen has something to show.

import type { Picture } from '../src/live/picture'
import type { SystemNode } from '../src/live/system'
import type { Link } from '../src/live/types'

const started = new Date(Date.now() - 26 * 3600_000).toISOString()

/** The answer of GET nodes; the sick one has troubles in every part. */
export function nodes(
  links: readonly Link[],
  seq: number,
  picture: Picture | null,
  sick: boolean,
): SystemNode[] {
  const at = new Date().toISOString()
  const before = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()
  const field: SystemNode = {
    node: 'demo',
    role: 'field',
    at,
    started,
    build: 'mock',
    revision: 'mock',
    health: { connected: true, age_ms: 300, collecting: true, journal_ok: true, journal_gap: '' },
    journal_seq: seq,
    spool_ok: true,
    spool_bytes: 412_000_000,
    spool_most: 8_589_934_592,
    evicted: 0,
    points: 812,
    links: [...links],
    devices: [],
  }
  const desk: SystemNode = {
    node: 'demo',
    role: 'desk',
    at,
    started,
    build: 'mock',
    revision: 'mock',
    viewers: 3,
    lag_ms: 210,
    history: [{ name: 'embedded', ok: true, refused: 0, behind: false, reached: at }],
  }
  if (picture) {
    desk.members = ['dc1', 'dc2', 'tower'].map((name, i) => ({
      name,
      address: `10.0.${i}.10:12379`,
      ok: true,
      leader: i === 0,
      index: 48_211,
      bytes: 20_480_000,
      build: '3.7.3',
      at,
    }))
    desk.relay = { seq, carried: 12 }
    const compared = (node: string) => ({
      node,
      held: 48_100,
      entry: 48_100,
      agrees: true,
      state: 'same' as const,
    })
    const other = {
      ...compared('n3'),
      state: 'other' as const,
      why: 'node n3 makes another state of the same entries, at entry 48090',
    }
    desk.archive = {
      entry: 48_100,
      held: 48_100,
      floor: 28_100,
      tip: 48_100,
      bytes: 22_400_000,
      nodes: [compared('n1'), compared('n2'), sick ? other : compared('n3')],
    }
  }
  if (!sick) return [field, desk]
  field.devices = [
    {
      id: 'demo/ch1',
      asset: 'demo/h1',
      link: 'chillers',
      points: 24,
      missing: 24,
      reason: 'comms',
      last_seen: before(14),
    },
    {
      id: 'demo/h1/env',
      asset: 'demo/h1',
      link: 'sensors',
      points: 6,
      missing: 1,
      reason: 'sentinel',
      last_seen: at,
    },
    {
      id: 'demo/h1/door',
      asset: 'demo/h1',
      link: 'sensors',
      points: 2,
      missing: 0,
      last_seen: at,
      skew_ms: -42_000,
    },
  ]
  field.evicted = 3210
  const counts = { clock_ms: 0, samples: 0, late: 0, refused: 0, evicted: 0 }
  field.collectors = [
    {
      ...counts,
      name: 'yard',
      connected: true,
      since: before(90),
      build: 'mock',
      from: '10.0.0.7:40112',
      links: links.slice(0, 2).map((l) => l.id),
      own: 1,
      lag_ms: 14,
      clock_ms: -1800,
      refused: 12,
    },
    {
      ...counts,
      name: 'shed',
      connected: false,
      since: before(4),
      build: 'mock',
      links: [],
      own: 1,
      lag_ms: 0,
      why: 'its connection ended: EOF',
    },
  ]
  field.unserved = ['leak-line']
  desk.history?.push({
    name: 'influx',
    ok: false,
    why: 'Post "http://db.example:8086/api/v2/write": dial tcp: connect: connection refused',
    points: 9_812_233,
    refused: 4,
    behind: true,
    reached: before(95),
  })
  return [field, desk]
}
