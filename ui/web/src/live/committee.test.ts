import { describe, expect, it } from 'vitest'
import {
  onlyDecides,
  openIncidents,
  presence,
  replies,
  roll,
  shownIncident,
  standing,
  underWay,
} from './committee'
import { crisis } from './crisis'
import type { Incident, Motion, Person, Picture, Summons } from './picture'
import { readPicture } from './picture-read'

const person = (id: string, chair = -1, recovery = false): Person => ({
  id,
  name: { ko: id, en: id },
  seat: chair >= 0 ? { person: id, chair, recovery } : null,
  roles: [],
  channels: ['sms'],
  deputies: [],
})

const people = [
  person('pr', 0),
  person('infra', 0, true),
  person('dep', 2),
  person('chair', 1),
  person('oncall'),
  person('guest'),
]

const summons = (who: string, state: Summons['state'], more: Partial<Summons> = {}): Summons => ({
  id: `c1/${who}`,
  call: 'c1',
  person: who,
  state,
  ...more,
})

const incident = (id: string, grade: number, state: Incident['state'], opened: string): Incident => ({
  id,
  grade,
  state,
  opened,
  site: 'dc1',
  subject: '',
  evidence: [],
  roles: {},
  late: 0,
  clocks: { since_first_ns: 0 },
  can: [],
})

const bare = { at: '', control: { quorum: true, seq: 1 }, org: { state: 'NORMAL' }, brake: { on: false } }
const picture = (over: Partial<Picture> = {}): Picture =>
  readPicture({ ...bare, people, ...over } as unknown as Picture)

describe('an incident', () => {
  const p = picture({
    incidents: [
      incident('i3', 3, 'HANDLING', '2026-03-02T05:03:00Z'),
      incident('i2', 1, 'HANDLING', '2026-03-02T05:02:00Z'),
      incident('i1', 1, 'CLOSED', '2026-03-02T05:04:00Z'),
    ],
  })

  it('is shown by its id, or is the newest that is open', () => {
    expect(shownIncident(p, undefined)?.id).toBe('i3')
    expect(shownIncident(p, 'i1')?.id).toBe('i1')
    expect(shownIncident(p, 'i9')).toBeUndefined()
    expect(openIncidents(p).map((i) => i.id)).toEqual(['i2', 'i3'])
  })

  it('is under way with the organisation, not only with a case', () => {
    expect(underWay(picture())).toBe(false)
    expect(underWay(picture({ org: { state: 'REVIEW' } as Picture['org'] }))).toBe(true)
    expect(underWay(p)).toBe(true)
  })
})

describe('the roll', () => {
  it('has the chair line first, then recovery leads, then the rest, then others who were called', () => {
    const p = picture({
      summons: [
        summons('oncall', 'SENT'),
        summons('guest', 'SENT', { for: 'pr' }),
        summons('pr', 'UNREACHABLE'),
      ],
    })
    expect(roll(p).map((r) => r.person.id)).toEqual(['chair', 'dep', 'infra', 'pr', 'oncall'])
    const pr = roll(p).find((r) => r.person.id === 'pr')
    expect(pr?.summons?.state).toBe('UNREACHABLE')
    expect(pr?.deputies.map((d) => d.person)).toEqual(['guest'])
  })

  it.each<[string, string[], Partial<ReturnType<typeof presence>>]>([
    ['nobody', [], { present: 0, needed: 2, quorum: false }],
    ['half of the seats with chair and lead', ['chair', 'infra'], { present: 2, quorum: true }],
    ['half without a lead', ['chair', 'dep'], { present: 2, recovery: false, quorum: false }],
    ['half without the chair line', ['infra', 'pr'], { present: 2, chair: false, quorum: false }],
    ['somebody without a seat', ['guest', 'chair'], { present: 1, quorum: false }],
  ])('counts a quorum from who joined: %s', (_name, who, want) => {
    const p = picture({ summons: who.map((w) => summons(w, 'JOINED')) })
    expect(presence(p)).toMatchObject({ seats: 4, ...want })
  })

  it('takes the count of an open motion, which knows the delegations', () => {
    const tally = { seats: 4, needed: 2, present: 3, chair: true, recovery: true, quorum: true }
    const p = picture({ motions: [{ id: 'm1', state: 'OPEN', tally } as unknown as Motion] })
    expect(presence(p)).toEqual({
      present: 3,
      seats: 4,
      needed: 2,
      chair: true,
      recovery: true,
      quorum: true,
    })
  })

  it('does not let one person with two hats be both chair and lead', () => {
    const both = [person('boss', 1, true), person('x', 0)]
    const p = picture({ people: both, summons: [summons('boss', 'JOINED')] })
    expect(presence(p)).toMatchObject({ present: 1, needed: 1, chair: true, recovery: false, quorum: false })
  })
})

it.each<[Summons['state'], string[]]>([
  ['PENDING', []],
  ['SENT', ['ack', 'join']],
  ['DELIVERED', ['ack', 'join']],
  ['UNREACHABLE', ['ack', 'join']],
  ['ACKED', ['join', 'decline']],
  ['JOINED', []],
  ['DECLINED', []],
  ['COVERED', []],
])('a summons that is %s can be answered with %s', (state, want) => {
  expect(replies(state)).toEqual(want)
})

it('knows who has a seat in a motion, who is on the roster only, and strangers', () => {
  const m = { seats: [{ person: 'chair', chair: 1 }] } as unknown as Motion
  expect(['chair', 'guest', 'admin'].map((x) => standing(picture(), m, x))).toEqual([
    'seat',
    'roster',
    'stranger',
  ])
})

it.each<[string[], boolean]>([
  [['member'], true],
  [['chair', 'tower'], true],
  [['member', 'operator'], false],
  [[], false],
])('roles %s only decide: %s', (roles, want) => expect(onlyDecides(roles)).toBe(want))

describe('the crisis grade', () => {
  const at = (over: Partial<Picture>) => crisis(picture(over))
  const org = (state: string) => ({ state }) as Picture['org']
  const stage = (n: number) => [{ id: 'dc1', stages: { B1: n } }] as unknown as Picture['sites']

  it.each<[string, Partial<Picture>, string, number]>([
    ['calm', {}, 'calm', 0],
    ['an alert', { org: org('ALERT') }, 'watch', 1],
    ['a case of grade 2', { incidents: [incident('i', 2, 'TRIAGE', '')] }, 'caution', 2],
    ['a case of grade 1', { incidents: [incident('i', 1, 'DETECTED', '')] }, 'grave', 3],
    ['a pending disaster', { org: org('PENDING') }, 'grave', 3],
    ['a fire of stage 2', { sites: stage(2) }, 'grave', 3],
    ['a fire of stage 3', { sites: stage(3) }, 'serious', 4],
    ['a declared disaster', { org: org('RECOVERY') }, 'serious', 4],
    ['a review afterwards', { org: org('REVIEW') }, 'calm', 0],
  ])('of %s', (_name, over, grade, pips) => expect(at(over)).toEqual({ grade, pips }))
})

it('gives every list of a picture, however bare it came', () => {
  const p = readPicture({ ...bare, incidents: null, groups: [{ id: 'g', tier: 1 }] } as unknown as Picture)
  expect(p.incidents).toEqual([])
  expect(p.groups[0]).toMatchObject({ services: [], pending: [], path: [] })
  expect(p.people).toEqual([])
})
