// The mock's roster, services and playbook: who and what the play is about.

import type {
  Person,
  Picture,
  Playbook,
  Seat,
  Service,
  SiteState,
  StandingOrder,
  Team,
} from '../src/live/picture'

export const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString()
export const ahead = (seconds: number): string => ago(-seconds)

const seat = (person: string, chair: number, recovery = false): Seat => ({ person, chair, recovery })

const person = (
  id: string,
  ko: string,
  en: string,
  more: { seat?: Seat; roles?: string[]; channels?: string[]; deputies?: string[] } = {},
): Person => ({
  id,
  name: { ko, en },
  seat: more.seat ?? null,
  roles: more.roles ?? [],
  channels: more.channels ?? ['sms', 'voice', 'email'],
  deputies: more.deputies ?? [],
})

export const people: Person[] = [
  person('chair', '김대표', 'Kim, CEO', { seat: seat('chair', 1), deputies: ['deputy'] }),
  person('deputy', '이부위원장', 'Lee, deputy chair', { seat: seat('deputy', 2), roles: ['tower'] }),
  person('tower', '박인프라', 'Park, infrastructure', {
    seat: seat('tower', 0, true),
    roles: ['tower'],
    channels: ['sms', 'messenger', 'email'],
    deputies: ['oncall'],
  }),
  person('member', '최메시징', 'Choi, messaging', {
    seat: seat('member', 0, true),
    roles: ['tower', 'operator'],
  }),
  person('pr', '정홍보', 'Jung, public relations', {
    seat: seat('pr', 0),
    roles: ['communicator'],
    deputies: ['oncall'],
  }),
  person('legal', '한법무', 'Han, legal', { seat: seat('legal', 0), roles: ['operations'], channels: [] }),
  person('lead', '오당직', 'Oh, shift lead', { roles: ['operator'], channels: ['voice', 'sms'] }),
  person('oncall', '윤대기', 'Yoon, on call', { channels: ['voice', 'sms'] }),
]

export const seats: Seat[] = people.flatMap((p) => (p.seat ? [p.seat] : []))

export const teams: Team[] = [
  {
    id: 'infra',
    name: { ko: '인프라 복구', en: 'Infrastructure recovery' },
    kind: 'recovery',
    lead: 'tower',
    deputy: 'oncall',
  },
  {
    id: 'talk',
    name: { ko: '메시징 복구', en: 'Messaging recovery' },
    kind: 'recovery',
    lead: 'member',
    services: ['messaging'],
  },
  {
    id: 'pr',
    name: { ko: '홍보 지원', en: 'Public relations' },
    kind: 'support',
    lead: 'pr',
    duties: ['users', 'press'],
  },
  { id: 'legal', name: { ko: '법무 지원', en: 'Legal' }, kind: 'support', lead: 'legal' },
]

export const orders: StandingOrder[] = [
  {
    id: 'so-2026-1',
    text: '1센터를 잃으면 위원회의 의결을 기다리지 않고 메시징을 2센터로 옮긴다.',
    sites: ['dc1'],
    signed: [
      { person: 'chair', at: '2026-02-01T01:00:00Z' },
      { person: 'tower', at: '2026-02-01T02:00:00Z' },
    ],
    valid: true,
    names: ['chair', 'tower'],
  },
  {
    id: 'so-2024-3',
    text: '2센터를 잃으면 메시징을 3센터로 옮긴다.',
    sites: ['dc2'],
    signed: [{ person: 'chair', at: '2024-03-02T01:00:00Z' }],
    valid: false,
    names: [],
  },
]

export const playbook: Playbook = {
  id: 'battery-room-fire',
  title: { ko: '배터리실 화재', en: 'Battery room fire' },
  text: {
    ko: '화재 1단계가 두 표 이상이면 시작한다.',
    en: 'Begins with a first stage of two votes or more.',
  },
  begins: 'fire-stage',
  steps: [
    step(
      'tell',
      ['전 직원과 소방·임대 데이터센터에 알림', 'Tell everyone, the fire service and the landlord'],
      'pr',
      'legal',
      { do: 'notify' },
    ),
    step('call-in', ['현장 인원 대피 확인', 'Account for everyone on site'], 'infra', 'oncall', {
      text: '배터리실과 전산실의 인원을 세고 모두 나왔는지 확인한다.',
      evidence: '인원 명부와 확인 시각',
      minutes: 3,
    }),
    step('freeze', ['배포와 설정 변경 동결', 'Freeze deployments and changes'], 'talk', 'tower', {
      do: 'messenger',
      undo: true,
    }),
    step('traffic', ['대상 센터 비상 트래픽 모드', 'Emergency traffic at the other site'], 'talk', 'tower', {
      do: 'messenger',
      after: ['freeze'],
      undo: true,
    }),
    step('declare', ['재해 선포', 'The committee declares'], 'infra', 'deputy', {
      do: 'vote',
      evidence: '의결 결과',
      minutes: 5,
    }),
    step('move', ['메시징을 2센터로', 'Messaging to the second site'], 'infra', 'member', {
      do: 'failover',
      after: ['freeze', 'declare'],
      hold: '3단계, 전원 차단 통보 또는 UPS 구역 상실이 있는가? 이미 시작된 전환에는 합류한다.',
      minutes: 15,
    }),
    step('status', ['이용자 공지', 'Tell the users'], 'pr', 'legal', {
      text: '상태 페이지에 현황과 다음 공지 시각을 올린다.',
      evidence: '게시한 공지의 주소',
      after: ['move'],
      minutes: 10,
    }),
    step('aftermath', ['소진 확인과 재발화 감시', 'Watch for re-ignition'], 'infra', 'oncall', {
      text: '소방의 소진 확인을 받는다.',
      evidence: '소방 확인서',
      after: ['call-in', 'move'],
      minutes: 60,
    }),
  ],
}

interface StepMore {
  do?: string
  text?: string
  after?: string[]
  evidence?: string
  hold?: string
  minutes?: number
  undo?: boolean
}

function step(
  id: string,
  title: [string, string],
  owner: string,
  deputy: string,
  m: StepMore = {},
): Playbook['steps'][number] {
  const [ko, en] = title
  return {
    id,
    title: { ko, en },
    owner,
    deputy,
    depends_on: m.after ?? [],
    do: { kind: m.do ?? 'manual', with: m.text ? { text: m.text } : {} },
    undo: m.undo ? { kind: m.do ?? 'exec' } : null,
    timeout: (m.minutes ?? 1) * 60e9,
    ...(m.evidence ? { evidence: m.evidence } : {}),
    ...(m.hold ? { hold: m.hold } : {}),
  }
}

const served = ['account', 'api', 'messaging', 'connection', 'push', 'search']

export function services(down: string[] = []): Service[] {
  return served.map((id, i) => ({
    id,
    tier: i < 4 ? 1 : 3,
    owner: i < 4 ? 'talk' : 'infra',
    depends_on: i > 0 ? ['account'] : [],
    state: down.includes(id) ? 'DOWN' : 'UP',
    since: ago(600),
    reason: down.includes(id) ? 'three probes failed' : '',
    roots: down.includes(id) && id !== 'account' ? ['account'] : [],
  }))
}

export interface SiteMore extends Partial<SiteState> {
  primary?: string[]
  epoch?: number
  readOnly?: boolean
  lag?: number
}

export function siteState(id: string, ko: string, en: string, m: SiteMore = {}): SiteState {
  const { primary = [], epoch = 6, readOnly = false, lag = 0, ...more } = m
  return {
    id,
    name: { ko, en },
    alive: 'yes',
    seen: ago(1),
    power: 'yes',
    serving: primary.includes('messaging'),
    share: 0,
    traffic: 'normal',
    sessions: 0,
    capacity: 2400,
    load: 0,
    services: served.map((s) => ({
      id: s,
      role: primary.includes(s) ? 'primary' : readOnly ? 'readonly' : 'replica',
      epoch,
      lag: primary.includes(s) ? 0 : lag,
    })),
    ...more,
  }
}

export const everyService = served

export const path: Picture['groups'][number]['path'] = [
  'CONFIRMED',
  'PRECHECK',
  'AWAIT_AUTH',
  'FENCING',
  'DATA_GATE',
  'PROMOTING',
  'VERIFY_TARGET',
  'SHED',
  'SHIFT_CANARY',
  'SHIFT_FULL',
  'VERIFY_PUBLIC',
  'COMPLETE',
]

export const place: Picture['place'] = {
  bridge: 'https://bridge.example.com/emergency/5',
  room: '판교 본관 4층 상황실',
  alternate: '안산 대체 사무실',
  remote: '재택 명령 3호',
}
