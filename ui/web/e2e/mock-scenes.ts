// The moments of a disaster that screens are looked at in, until the move. Everything here is play.

import type {
  Group,
  Incident,
  Motion,
  Picture,
  Play,
  StepRun,
  StepState,
  Summons,
  Tally,
} from '../src/live/picture'
import {
  ago,
  ahead,
  everyService,
  orders,
  path,
  people,
  place,
  playbook,
  seats,
  services,
  siteState,
  teams,
} from './mock-people'

export const group = (id: string, tier: number, own: string[], more: Partial<Group> = {}): Group => ({
  id,
  tier,
  services: own,
  target_ns: 90e9,
  state: 'ARMED',
  since: ago(86_400),
  source: 'dc1',
  target: 'dc2',
  epoch: 6,
  trigger: '',
  by: '',
  pending: [],
  path,
  ...more,
})

export const talk = everyService.slice(0, 4)
export const extras = everyService.slice(4)

export function calm(): Picture {
  return {
    at: ago(0),
    control: {
      node: 'n1',
      leader: 'n2',
      leads: false,
      epoch: 7,
      quorum: true,
      seq: 120,
      since: ago(7200),
      readiness: 'yes',
      readiness_at: ago(140),
      missing: [],
    },
    org: { state: 'NORMAL', since: ago(400_000), site: '', call: 0, acting: 1, how: '' },
    incidents: [],
    motions: [],
    summons: [],
    groups: [group('talk', 1, talk), group('extras', 3, extras, { target: 'dc3' })],
    brake: { on: false },
    plays: [],
    services: services(),
    playbooks: [playbook],
    waiting: [],
    doubts: [],
    sites: [
      siteState('dc1', '판교 1센터', 'Pangyo 1', {
        primary: everyService,
        share: 100,
        load: 1180,
        sessions: 18_220,
      }),
      siteState('dc2', '안산 2센터', 'Ansan 2'),
      siteState('dc3', '세종 3센터', 'Sejong 3', { capacity: 800, lag: 3 }),
    ],
    names: ['ns1', 'ns2'].map((server) => ({ server, serial: 2026030201, epoch: 6, shares: { dc1: 100 } })),
    orders,
    people,
    teams,
    place,
  }
}

export const summons = (person: string, state: Summons['state'], more: Partial<Summons> = {}): Summons => ({
  id: `c1/${person}`,
  call: 'c1',
  person,
  state,
  asked: ago(170),
  since: ago(60),
  sent: ago(165),
  last: 'sms',
  tried: ['sms'],
  ...more,
})

export function count(m: Motion): Tally {
  const here = m.seats.filter((s) => m.ballots.some((b) => b.person === s.person))
  const say = (c: string) => m.ballots.filter((b) => b.choice === c).length
  const chair = here.some((s) => s.chair > 0)
  const recovery = here.some((s) => s.recovery)
  const needed = Math.ceil(m.seats.length / 2)
  const quorum = here.length >= needed && chair && recovery
  const result = !quorum ? '' : say('yes') > say('no') ? 'yes' : say('no') > say('yes') ? 'no' : ''
  return {
    seats: m.seats.length,
    needed,
    present: here.length,
    chair,
    recovery,
    quorum,
    yes: say('yes'),
    no: say('no'),
    abstain: say('abstain'),
    result,
    settled: false,
  }
}

export function motion(): Motion {
  const m: Motion = {
    id: 'm1',
    state: 'OPEN',
    kind: 'declare',
    text: 'Declare a disaster at dc1 and start its playbook.',
    site: 'dc1',
    proposer: '',
    acting: 1,
    seats,
    opened: ago(150),
    deadline: ahead(450),
    ballots: [
      { person: 'tower', choice: 'yes' },
      { person: 'member', choice: 'yes' },
      { person: 'deputy', choice: '' },
    ],
    votes: [],
    tally: {} as Tally,
  }
  m.tally = count(m)
  m.votes = [
    {
      person: 'tower',
      choice: 'yes',
      channel: 'console',
      at: ago(90),
      tally: { ...m.tally, yes: 1, present: 2 },
    },
    { person: 'member', choice: 'yes', channel: 'auxiliary', at: ago(40), tally: m.tally },
  ]
  return m
}

export function incident(more: Partial<Incident> = {}): Incident {
  return {
    id: 'i14',
    state: 'HANDLING',
    site: 'dc1',
    subject: 'B1',
    grade: 1,
    evidence: [
      {
        id: 'e1',
        kind: 'fire-stage',
        site: 'dc1',
        subject: 'B1',
        stage: 2,
        votes: 3,
        sensors: ['RT', 'BM', 'smoke'],
        at: ago(192),
        what: '배터리실 B1 랙 R3, 2단계',
      },
      {
        id: 'e2',
        kind: 'report',
        site: 'dc1',
        person: 'lead',
        at: ago(120),
        what: '3층 복도까지 연기가 보임',
      },
    ],
    roles: { tower: 'tower', operator: 'lead', communicator: 'pr' },
    opened: ago(192),
    since: ago(140),
    declared: ago(185),
    late: 0,
    clocks: {
      evidence: ago(192),
      since_first_ns: 192e9,
      status_due: ahead(1615),
      notice_due: ahead(7008),
      compensation_due: ahead(29 * 86_400),
    },
    can: ['facility_critical', 'mitigate', 'note', 'overdue'],
    ...more,
  }
}

export const state = (s: StepState, more: Partial<StepRun> = {}): Omit<StepRun, 'id'> => ({
  state: s,
  since: ago(40),
  epoch: 7,
  attempt: 1,
  level: 0,
  ...more,
})

export function play(states: Record<string, Omit<StepRun, 'id'>>): Play {
  return {
    id: 'p1',
    state: 'RUNNING',
    playbook,
    started: ago(180),
    by: 'standing order so-2026-1',
    drill: false,
    site: 'dc1',
    call: 1,
    steps: Object.fromEntries(Object.entries(states).map(([id, s]) => [id, { id, ...s }])),
  }
}

export const afoot = () => ({
  tell: state('DONE'),
  'call-in': state('WAIT_HUMAN', { since: ago(195), level: 1, why: '' }),
  freeze: state('DONE', { attempt: 2 }),
  traffic: state('RUNNING', { since: ago(12) }),
  declare: state('WAIT_HUMAN', { since: ago(150) }),
})

export function declared(): Picture {
  const p = calm()
  return {
    ...p,
    control: { ...p.control, seq: 180 },
    org: { state: 'PENDING', since: ago(170), site: 'dc1', call: 1, acting: 1, how: '' },
    incidents: [incident()],
    motions: [motion()],
    summons: [
      summons('chair', 'UNREACHABLE', { last: 'voice', tried: ['sms', 'voice', 'email'] }),
      summons('deputy', 'JOINED', { joined: ago(60) }),
      summons('tower', 'JOINED'),
      summons('member', 'ACKED'),
      summons('pr', 'DELIVERED', { last: 'email' }),
      summons('legal', 'UNREACHABLE', { alone: true, last: '' }),
      summons('oncall', 'SENT', { for: 'pr', last: 'voice' }),
    ],
    plays: [play(afoot())],
    sites: p.sites.map((s) => (s.id === 'dc1' ? { ...s, stages: { B1: 2 } } : s)),
    waiting: [
      {
        id: 'r9',
        kind: 'incident.lower',
        subject: 'i14',
        by: [{ person: 'tower', station: 'st-1' }],
        at: ago(30),
      },
    ],
  }
}
