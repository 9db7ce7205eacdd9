// What the mock's site says of itself.

import type { Link } from '../src/live/types'

export const site = {
  id: 'demo',
  name: { ko: '봉수 시연 센터', en: 'Bongsu demo center' },
  timezone: 'Asia/Seoul',
  revision: 'mock',
  node: 'n1',
  build: 'mock',
  demo: true,
  drill: false,
  lang: 'ko',
  simulator: true,
  rooms: ['B1'],
}

export const links: Link[] = [
  ['bms', 'modbus', '127.0.0.1:20001', true],
  ['fire-io', 'modbus', '127.0.0.1:20002', true],
  ['power', 'modbus', '127.0.0.1:20003', true],
  ['broker', 'mqtt', '127.0.0.1:11883', false],
].map(([id, protocol, address, connected]) => ({
  id: String(id),
  protocol: String(protocol),
  address: String(address),
  connected: connected === true,
  last_good: new Date(Date.now() - (connected ? 0 : 95_000)).toISOString(),
  next_try: null,
  error: connected ? '' : 'connection refused',
  requests: 1000,
  failures: connected ? 0 : 12,
  overruns: 0,
}))

export const scenarios = [
  {
    name: 'battery-fire',
    title: { ko: '배터리 화재', en: 'Battery fire' },
    text: {
      ko: '배터리실 B1의 랙 R3에서 셀 하나가 내부 단락되어 열폭주로 번집니다. 단계가 차례로 올라갑니다.',
      en: 'One cell of rack R3 in battery room B1 shorts and runs away. The stages climb one by one.',
    },
  },
  {
    name: 'feed-loss',
    title: { ko: '상용 수전 상실', en: 'Loss of the main feed' },
    text: {
      ko: '상용 수전이 끊기고 예비 수전으로 넘어갈 때까지 UPS가 버팁니다.',
      en: 'The main feed fails; the UPS carries until the transfer.',
    },
  },
  {
    name: 'cooling-loss',
    title: { ko: '냉방 상실', en: 'Loss of cooling' },
    text: { ko: '냉방이 멈추고 랙 흡기 온도가 오릅니다.', en: 'Cooling stops and rack inlets warm up.' },
  },
]

/** A scenario under way, as far as the panel shows it: one thing met, one waiting, one broken, one unseen. */
export const story = (elapsed: number) => ({
  elapsed_s: elapsed,
  length_s: 300,
  started: new Date(Date.now() - elapsed * 1000).toISOString(),
  over: elapsed >= 300,
  played: 2,
  events: 4,
  last: { at_s: 5, act: 'inject', kind: 'battery-fire', target: 'demo/b1/r3', what: 'inject battery-fire' },
  coming: [
    {
      at_s: 240,
      act: 'person',
      kind: 'fire.takeover',
      target: 'B1',
      what: 'people: fire.takeover of B1',
      note: { ko: '소방이 지휘를 넘겨받습니다', en: 'The fire authority takes control' },
    },
    { at_s: 270, act: 'clear', kind: 'battery-fire', target: 'demo/b1/r3', what: 'clear fire' },
  ],
  checks: [
    { kind: 'command', what: 'R3.ISOLATE', from_s: 40, to_s: 50, verdict: 'met', seen_s: 45 },
    { kind: 'stage', what: 'R3 S4', of: 'R3', stage: 'S4', from_s: 120, to_s: 150, verdict: 'unseen' },
    {
      kind: 'figure',
      what: 'run_away',
      of: 'demo/b1/r3',
      from_s: 0,
      to_s: 300,
      max: 0,
      value: 0,
      verdict: 'waiting',
    },
    {
      kind: 'no-command',
      what: 'R1.*',
      from_s: 0,
      to_s: 300,
      verdict: 'failed',
      seen_s: 12,
      seen: 'R1.WATER',
    },
  ],
})
