// The later moments: a run that halts at the data gate, and the one after everything has moved.

import type { Group, Incident, Picture } from '../src/live/picture'
import { ago, ahead, everyService, playbook, services, siteState } from './mock-people'
import { afoot, calm, declared, extras, group, incident, motion, play, state, talk } from './mock-scenes'

export type Scene = 'none' | 'calm' | 'declared' | 'hold' | 'complete' | 'no-quorum'

const granted = 'standing order so-2026-1, signed by chair and tower'
const waves = [['account'], ['api', 'connection'], ['messaging']]
const notice = { trigger: 'facility', by: 'evidence', epoch: 7, granted, waves }

const halting: Partial<Group> = {
  ...notice,
  state: 'HOLD',
  since: ago(25),
  triggered: ago(62),
  deadline: ahead(178),
  want: 7,
  fence: { how: 'its store is read-only at epoch 7', epoch: 7, at: ago(44) },
  hold: { from: 'DATA_GATE', why: 'messaging has record 48211 of 48219', since: ago(25), auto: 1 },
  guard: 'messaging has record 48214 of 48219',
  wave: 0,
}

const fenced = () => ({
  key: 'failover/talk/4/0',
  kind: 'fence',
  to: 'dc1',
  epoch: 7,
  state: 'done' as const,
  intended: ago(52),
  answered: ago(44),
  detail: '',
})

const grave = (): Incident =>
  incident({
    evidence: [
      {
        id: 'e1',
        kind: 'fire-stage',
        site: 'dc1',
        subject: 'B1',
        stage: 3,
        votes: 3,
        sensors: ['RT', 'BM', 'smoke'],
        at: ago(192),
        what: '배터리실 B1 랙 R3, 3단계',
      },
      {
        id: 'e3',
        kind: 'power-cut',
        site: 'dc1',
        person: 'lead',
        at: ago(64),
        deadline: ahead(178),
        what: '소방이 건물 전원을 끊는다고 알려 옴',
      },
    ],
    clocks: { ...incident().clocks, to_decision_ns: 137e9 },
  })

function held(): Picture {
  const p = declared()
  return {
    ...p,
    org: {
      ...p.org,
      state: 'RECOVERY',
      how: 'standing-order',
      declared: ago(55),
      since: ago(55),
      started: ['order so-2026-1', 'chair', 'tower'],
    },
    incidents: [grave()],
    motions: [],
    summons: p.summons.map((s) =>
      ['chair', 'member', 'pr'].includes(s.person) ? { ...s, state: 'JOINED' as const } : s,
    ),
    groups: [
      group('talk', 1, talk, { ...halting, pending: [fenced()] }),
      group('extras', 3, extras, { target: 'dc3' }),
    ],
    brake: { on: true, why: '2 of 2 groups are suspect at once', since: ago(20) },
    services: services(['account', 'api', 'messaging']),
    sites: [
      {
        ...siteState('dc1', '판교 1센터', 'Pangyo 1', { epoch: 7, readOnly: true, share: 100, load: 900 }),
        stages: { B1: 3 },
      },
      siteState('dc2', '안산 2센터', 'Ansan 2', { epoch: 7, lag: 5, traffic: 'emergency' }),
      siteState('dc3', '세종 3센터', 'Sejong 3', {
        capacity: 800,
        alive: 'unknown',
        power: 'unknown',
        seen: ago(48),
        lag: 12,
      }),
    ],
    names: [
      { server: 'ns1', serial: 2026030201, epoch: 6, shares: { dc1: 100 } },
      { server: 'ns2', serial: 0, epoch: 0, shares: {}, error: 'i/o timeout' },
    ],
    waiting: [],
    plays: [
      play({
        ...afoot(),
        declare: state('DONE', { evidence: '사전 명령 so-2026-1', by: 'deputy' }),
        move: state('RUNNING', { since: ago(50) }),
        traffic: state('UNKNOWN'),
      }),
    ],
  }
}

const moved: Partial<Group> = {
  ...notice,
  state: 'COMPLETE',
  since: ago(300),
  triggered: ago(520),
  served: ago(447),
  ended: ago(300),
  fence: { how: 'its store is read-only at epoch 7', epoch: 7, at: ago(500) },
  data: { how: 'messaging has record 48219', at: ago(496) },
  share: 100,
  moved: true,
  wave: 3,
}

function complete(): Picture {
  const p = held()
  const i = incident()
  return {
    ...p,
    org: { ...p.org, state: 'STABILISING', since: ago(280) },
    incidents: [
      {
        ...grave(),
        state: 'MITIGATED',
        can: ['close', 'relapse', 'note'],
        roles: { ...i.roles, operations: 'legal' },
      },
    ],
    groups: [
      group('talk', 1, talk, moved),
      group('extras', 3, extras, { target: 'dc3', state: 'ABORTED', since: ago(200), trigger: 'probes' }),
    ],
    brake: { on: false },
    services: services(),
    sites: [
      {
        ...siteState('dc1', '판교 1센터', 'Pangyo 1', {
          epoch: 7,
          readOnly: true,
          alive: 'no',
          power: 'no',
          seen: ago(260),
          capacity: 0,
        }),
        stages: { B1: 4 },
      },
      siteState('dc2', '안산 2센터', 'Ansan 2', {
        epoch: 7,
        primary: everyService,
        share: 100,
        load: 1350,
        sessions: 17_402,
        traffic: 'emergency',
      }),
      siteState('dc3', '세종 3센터', 'Sejong 3', { capacity: 800, epoch: 7, lag: 1 }),
    ],
    names: ['ns1', 'ns2'].map((server) => ({
      server,
      serial: 2026030209,
      epoch: 7,
      shares: { dc2: 100, dc1: 0 },
    })),
    motions: [
      {
        ...motion(),
        id: 'm2',
        kind: 'stand-down',
        state: 'PASSED',
        text: '상황을 종료하고 사후 검토로 넘어간다.',
        proposer: 'chair',
        closed: ago(60),
      },
    ],
    plays: [
      play(
        Object.fromEntries(
          playbook.steps.map((s) => [s.id, state(s.id === 'aftermath' ? 'WAIT_HUMAN' : 'DONE')]),
        ),
      ),
    ],
  }
}

export const scenes: Record<Exclude<Scene, 'none'>, () => Picture> = {
  calm,
  declared,
  hold: held,
  complete,
  'no-quorum': () => {
    const p = declared()
    return {
      ...p,
      control: { ...p.control, leader: '', quorum: false, why: 'no answer from n2, n3 for 12 s' },
    }
  },
}
