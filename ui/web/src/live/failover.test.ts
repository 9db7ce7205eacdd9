import { describe, expect, it } from 'vitest'
import { recovery, timeOfDay } from './countdown'
import { byTier, cell, checks, exits, foremostGroup, free, stations } from './failover'
import type { Group, Picture, SiteState } from './picture'

const now = Date.parse('2026-03-02T05:00:00Z')
const before = (s: number) => new Date(now - s * 1000).toISOString()

const path: Group['path'] = ['CONFIRMED', 'PRECHECK', 'AWAIT_AUTH', 'FENCING', 'DATA_GATE', 'COMPLETE']
const group = (over: Partial<Group> = {}): Group => ({
  id: 'talk',
  tier: 1,
  services: ['messaging'],
  target_ns: 90e9,
  state: 'ARMED',
  source: 'dc1',
  target: 'dc2',
  pending: [],
  path,
  ...over,
})

const site = (over: Partial<SiteState> = {}): SiteState => ({
  id: 'dc1',
  name: { ko: '', en: '' },
  alive: 'yes',
  power: 'yes',
  serving: true,
  share: 100,
  sessions: 0,
  capacity: 1000,
  load: 400,
  services: [{ id: 'messaging', role: 'primary', epoch: 6, lag: 0 }],
  ...over,
})

describe('a cell of the board', () => {
  it.each<[string, Partial<SiteState>, string]>([
    ['its role while the site answers', {}, 'primary'],
    ['read only', { services: [{ id: 'messaging', role: 'readonly', epoch: 7, lag: 0 }] }, 'read-only'],
    ['down when the site is dead', { alive: 'no' }, 'down'],
    ['down without power', { power: 'no' }, 'down'],
    ['unknown when nobody hears it, whatever it was', { alive: 'unknown' }, 'unknown'],
    ['nothing where the service does not stand', { services: [] }, 'none'],
    [
      'unknown for a role never heard of',
      { services: [{ id: 'messaging', role: 'odd', epoch: 1, lag: 0 }] },
      'unknown',
    ],
  ])('is %s', (_name, over, want) => expect(cell(site(over), 'messaging').role).toBe(want))

  it('remembers the last role of a site that is silent', () => {
    expect(cell(site({ alive: 'unknown' }), 'messaging')).toMatchObject({ role: 'unknown', last: 'primary' })
  })

  it('has no capacity left to show where it is not measured or not heard', () => {
    expect(free(site())).toBeCloseTo(0.6)
    expect(free(site({ load: 2000 }))).toBe(0)
    expect(free(site({ capacity: 0 }))).toBeNull()
    expect(free(site({ alive: 'unknown' }))).toBeNull()
  })
})

describe('the way of a run', () => {
  const looks = (over: Partial<Group>) => stations(group(over)).map((s) => s.look)
  const ahead = 'ahead'

  it.each<[string, Partial<Group>, string[]]>([
    ['is all ahead before one', {}, [ahead, ahead, ahead, ahead, ahead, ahead]],
    ['stands in its state', { state: 'FENCING' }, ['done', 'done', 'done', 'now', ahead, ahead]],
    [
      'halts where it fell from',
      { state: 'HOLD', hold: { from: 'DATA_GATE', why: '', auto: 0 } },
      ['done', 'done', 'done', 'done', 'held', ahead],
    ],
    [
      'halts at its beginning when nobody could tell',
      { state: 'HOLD', hold: { from: 'SUSPECT', why: '', auto: 0 } },
      ['held', ahead, ahead, ahead, ahead, ahead],
    ],
    ['is through', { state: 'COMPLETE' }, ['done', 'done', 'done', 'done', 'done', 'done']],
    [
      'did not reach what came after it was taken back',
      { state: 'ABORTED', hold: { from: 'FENCING', why: '', auto: 0 } },
      ['done', 'done', 'done', 'failed', 'failed', 'failed'],
    ],
  ])('%s', (_name, over, want) => expect(looks(over)).toEqual(want))
})

describe('the recovery clock', () => {
  it.each<[string, Partial<Group>, string, number]>([
    ['is idle without a trigger', {}, 'idle', 90_000],
    ['runs from the trigger', { state: 'FENCING', triggered: before(30) }, 'running', 60_000],
    ['runs on in a halt: pausing is impossible', { state: 'HOLD', triggered: before(80) }, 'running', 10_000],
    ['is missed past the target', { state: 'HOLD', triggered: before(100) }, 'missed', -10_000],
    [
      'stops when the target serves',
      { state: 'VERIFY_PUBLIC', triggered: before(300), served: before(240) },
      'met',
      30_000,
    ],
    [
      'stays missed when it served too late',
      { state: 'COMPLETE', triggered: before(300), served: before(200) },
      'missed',
      -10_000,
    ],
    [
      'is idle again after a run that never served',
      { state: 'ABORTED', triggered: before(300) },
      'idle',
      90_000,
    ],
  ])('%s', (_name, over, state, left) => {
    expect(recovery(group(over), now)).toMatchObject({ state, left })
  })
})

describe('what speaks for a planned move', () => {
  const target = site({ id: 'dc2', services: [{ id: 'messaging', role: 'replica', epoch: 6, lag: 0 }] })
  const picture = (over: Partial<Picture> = {}): Picture =>
    ({
      control: { quorum: true, leader: 'n1', readiness: 'yes', readiness_at: before(60) },
      brake: { on: false },
      sites: [site(), target],
      ...over,
    }) as unknown as Picture
  const of = (p: Picture, g = group()) => Object.fromEntries(checks(p, g, now).map((c) => [c.id, c.is]))

  it('is everything when all is proven', () => {
    expect(new Set(Object.values(of(picture())))).toEqual(new Set(['yes']))
  })

  it.each<[string, Partial<Picture>, string, string]>([
    ['a brake', { brake: { on: true } }, 'brake', 'no'],
    ['a target nobody hears', { sites: [site(), { ...target, alive: 'unknown' }] }, 'alive', 'unknown'],
    ['too little capacity', { sites: [site({ load: 900 }), target] }, 'capacity', 'no'],
    ['a load that is not measured', { sites: [site({ load: 0 }), target] }, 'capacity', 'unknown'],
    [
      'a target behind',
      { sites: [site(), { ...target, services: [{ id: 'messaging', role: 'replica', epoch: 6, lag: 4 }] }] },
      'lag',
      'no',
    ],
    ['a target that does not tell', { sites: [site(), { ...target, services: [] }] }, 'lag', 'unknown'],
    [
      'a proof older than ten minutes',
      {
        control: {
          quorum: true,
          leader: 'n1',
          readiness: 'yes',
          readiness_at: before(700),
        } as Picture['control'],
      },
      'readiness',
      'unknown',
    ],
    [
      'no quorum',
      { control: { quorum: false, leader: '', readiness: 'no' } as Picture['control'] },
      'quorum',
      'no',
    ],
  ])('is denied by %s', (_name, over, id, want) => expect(of(picture(over))[id]).toBe(want))

  it('is denied while a run is under way', () => {
    expect(of(picture(), group({ state: 'FENCING' })).state).toBe('no')
  })
})

it.each<[string, Partial<Group>, string[]]>([
  ['a data gap', { hold: { from: 'DATA_GATE', why: '', auto: 0 } }, ['', '', '', '']],
  [
    'an unproven fence, which nobody may sign for',
    { hold: { from: 'FENCING', why: '', auto: 0 } },
    ['', 'exit.no-signature', '', ''],
  ],
  [
    'missing authority',
    { hold: { from: 'AWAIT_AUTH', why: '', auto: 0 } },
    ['', 'exit.no-signature', '', ''],
  ],
  [
    'traffic that has moved',
    { moved: true, hold: { from: 'SHIFT_FULL', why: '', auto: 0 } },
    ['', '', 'exit.moved', ''],
  ],
])('bars the right ways out of a halt for %s', (_name, over, want) => {
  expect(exits(group(over)).map((e) => e.off)).toEqual(want)
})

it('puts a halt before a run, and lists groups by tier', () => {
  const groups = [
    group({ id: 'b', tier: 3, state: 'FENCING' }),
    group({ id: 'a', state: 'HOLD' }),
    group({ id: 'c' }),
  ]
  expect(foremostGroup(groups)?.id).toBe('a')
  expect(foremostGroup([group()])).toBeUndefined()
  expect(byTier(groups).map((g) => g.id)).toEqual(['a', 'c', 'b'])
})

it.each<[string, string | null]>([
  ['14:30', '2026-03-02T05:30:00.000Z'], // it is 14:00 in Seoul
  ['13:30', '2026-03-02T04:30:00.000Z'], // half an hour ago: written down late
  ['9:00', '2026-03-03T00:00:00.000Z'], // tomorrow morning
  ['14:00:30', '2026-03-02T05:00:30.000Z'],
  ['25:00', null],
  ['soon', null],
])('reads the time of day %s in the site’s zone', (text, want) => {
  expect(timeOfDay(text, now, 'Asia/Seoul')).toBe(want)
})

it('reads a time after midnight for the next day, and one before it for the last', () => {
  const late = Date.parse('2026-03-02T14:50:00Z') // 23:50 in Seoul
  expect(timeOfDay('00:10', late, 'Asia/Seoul')).toBe('2026-03-02T15:10:00.000Z')
  const early = Date.parse('2026-03-02T15:10:00Z') // 00:10
  expect(timeOfDay('23:50', early, 'Asia/Seoul')).toBe('2026-03-02T14:50:00.000Z')
})
