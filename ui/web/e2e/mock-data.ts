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
