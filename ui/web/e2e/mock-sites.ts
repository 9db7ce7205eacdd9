// What the mock's desk hears of all data centers, as the picture of the moment has them.

import type { Picture } from '../src/live/picture'
import type { Center, SiteMove, Sites } from '../src/live/sites'
import type { Entry, Stage, Text } from '../src/live/types'

const began = Date.now()

/** How the sites are heard: well, or the first one burned and fell silent twelve seconds ago. */
export type Hearing = 'well' | 'silent' | 'question' | 'differ'

const stage = (n: number): Stage => `S${n}` as Stage

interface Moment {
  p: Picture
  h: Hearing
  moves: SiteMove[]
  entries: Entry[]
}

function center(s: Picture['sites'][number], i: number, { p, h, moves, entries }: Moment): Center {
  const first = i === 0
  const silent = first && (h === 'silent' || h === 'question')
  const stages = Object.entries(s.stages ?? {})
  const cut = !p.control.quorum && i !== 2
  const age = silent ? 12_300 : cut ? 41_000 : i === 2 ? 0 : 640
  const node = `n${i + 1}`
  const rooms =
    first && h === 'silent'
      ? [{ room: 'demo/b1', stage: stage(3), votes: 2 }]
      : stages.map(([, n]) => ({ room: 'demo/b1', stage: stage(n), votes: 2 }))
  const calm = { room: `c${i + 1}/b1`, stage: 'S0' as Stage, votes: 0 }
  const since = '07:21:14'
  return {
    id: s.id,
    facility: `c${i + 1}`,
    names: s.name,
    own: i === 2,
    state: cut ? 'unknown' : silent ? 'silent' : 'speaks',
    ...(silent && {
      says: `${s.id} is silent: no sign of life and nothing relayed since ${since} UTC; ${
        h === 'silent' ? 'its last word: demo/b1 at S3 with 2 votes' : 'nothing in its last word says why'
      }`,
    }),
    heard_ms: age,
    nodes: [
      {
        node,
        heard_ms: age,
        at: new Date(Date.now() - age).toISOString(),
        telemetry_ms: 180,
        journal: 4812 + i,
        build: 'mock',
        leader: p.control.leader,
        leads: p.control.leader === node,
      },
    ],
    rooms: rooms.length > 0 ? rooms : [calm],
    burning: rooms.some((r) => r.stage >= 'S1'),
    signs: first && h === 'silent' ? [{ kind: 'ups-lost', subject: 'demo/ups-a' }] : [],
    alarms: rooms.length > 0 ? [4, 7] : [0, i === 1 ? 1 : 0],
    worst: worst(rooms.length > 0),
    groups: moves.map((m) => ({
      group: m.group,
      part: m.served === s.id ? 'serves' : m.from === s.id || m.to === s.id ? 'target' : 'none',
      state: m.state,
    })),
    messenger: s,
    entries: rooms.length > 0 ? entries.slice(-6).reverse() : [],
  }
}

const worst = (burns: boolean): Text =>
  burns
    ? { ko: '배터리실 B1 랙 R3: 80 °C 초과', en: 'Battery room B1 rack R3: above 80 °C' }
    : { ko: '', en: '' }

/** The answer of GET sites. */
export function sitesOf(p: Picture | null, entries: Entry[], h: Hearing): Sites {
  if (!p) {
    const own = center(lonelySite(), 2, { p: lonely(), h: 'well', moves: [], entries: [] })
    return {
      ...base,
      alone: true,
      quorum: true,
      leader: '',
      centers: [{ ...own, messenger: null }],
      moves: [],
    }
  }
  const moves = p.groups.map((g): SiteMove => {
    const over = g.state === 'COMPLETE'
    const [from, to, state] = [g.source ?? '', g.target ?? '', g.state ?? 'ARMED']
    return {
      group: g.id,
      from,
      to,
      state,
      moving: !['ARMED', 'SUSPECT', 'COMPLETE', 'ABORTED', 'FAILED'].includes(state),
      served: over ? to : from,
      share: 0,
    }
  })
  return {
    ...base,
    quorum: p.control.quorum,
    leader: p.control.leader,
    epoch: p.control.epoch,
    centers: p.sites.map((s, i) => center(s, i, { p, h, moves, entries })),
    moves,
    differences:
      h === 'differ'
        ? [{ file: 'roster.yaml', nodes: { n1: '3f0a91c2be77', n2: '3f0a91c2be77', n3: '9d1177aa0c41' } }]
        : [],
  }
}

const base: Sites = {
  node: 'n3',
  quorum: true,
  alone: false,
  leader: '',
  epoch: 0,
  silent_ms: 10_000,
  centers: [],
  moves: [],
  differences: [],
}

const lonelySite = (): Picture['sites'][number] => ({
  id: 'demo',
  name: { ko: '봉수 시연 센터', en: 'Bongsu demo center' },
  alive: 'unknown',
  power: 'unknown',
  serving: false,
  share: 0,
  sessions: 0,
  capacity: 0,
  load: 0,
  services: [],
  seen: new Date(began).toISOString(),
})

const lonely = (): Picture =>
  ({
    control: { node: 'n3', leader: '', leads: false, epoch: 0, quorum: true, seq: 0, readiness: 'unknown' },
  }) as Picture
