// The plant of the mock: the same assets and the points the screens ask for, with names like those
// of the demo site. It plays no physics; the real simulator does that.

import type { Asset, Point, Text } from '../src/live/types'

const text = (ko: string, en: string): Text => ({ ko, en })

export const assets: Asset[] = [
  { id: 'demo', kind: 'site', name: text('봉수 시연 센터', 'Bongsu demo center') },
  { id: 'demo/feed-a', kind: 'feed', name: text('수전 A (상용)', 'Feed A (main)'), parent: 'demo' },
  { id: 'demo/feed-b', kind: 'feed', name: text('수전 B (예비)', 'Feed B (reserve)'), parent: 'demo' },
  { id: 'demo/ups-a', kind: 'ups-zone', name: text('UPS A 구역', 'UPS zone A'), parent: 'demo' },
  { id: 'demo/ups-a/ups', kind: 'ups', name: text('UPS A', 'UPS A'), parent: 'demo/ups-a' },
  {
    id: 'demo/b1',
    kind: 'battery-room',
    name: text('배터리실 B1', 'Battery room B1'),
    parent: 'demo/ups-a',
  },
  { id: 'demo/h1', kind: 'it-hall', name: text('전산실 H1', 'IT hall H1'), parent: 'demo' },
]

export const racks = Array.from({ length: 8 }, (_, i) => `R${i + 1}`)

racks.forEach((id, i) =>
  assets.push({
    id: `demo/b1/${id.toLowerCase()}`,
    kind: 'battery-rack',
    name: text(`배터리 랙 ${id}`, `Battery rack ${id}`),
    parent: 'demo/b1',
    row: 1 + Math.floor(i / 4),
    col: 1 + (i % 4),
  }),
)

for (const [r, row] of ['a', 'b', 'c', 'd'].entries())
  for (let n = 1; n <= 10; n++)
    assets.push({
      id: `demo/h1/${row}${n}`,
      kind: 'it-rack',
      name: text(`IT 랙 ${row.toUpperCase()}${n}`, `IT rack ${row.toUpperCase()}${n}`),
      parent: 'demo/h1',
      row: r + 1,
      col: n,
    })

interface Shape {
  word: string
  ko: string
  en: string
  unit?: string
  digits?: number
  kind?: string
  enum?: Record<string, Text>
}

const yes = { kind: 'binary', unit: '-', digits: 0 }

const shapes: Record<string, Shape[]> = {
  feed: [
    { word: 'meter/kw', ko: '유효 전력', en: 'Active power', unit: 'kW' },
    { word: 'meter/v-l12', ko: '선간 전압 L1-L2', en: 'Line voltage L1-L2', unit: 'V', digits: 0 },
    { word: 'meter/hz', ko: '주파수', en: 'Frequency', unit: 'Hz', digits: 2 },
    { word: 'meter/available', ko: '수전 가능', en: 'Feed available', ...yes },
    { word: 'meter/carrying', ko: '부하 공급 중', en: 'Carrying the load', ...yes },
  ],
  ups: [
    {
      word: 'ctl/mode',
      ko: '운전 모드',
      en: 'Mode',
      kind: 'enum',
      unit: '-',
      enum: { 1: text('상시 운전', 'online'), 2: text('배터리 운전', 'on battery') },
    },
    { word: 'ctl/runtime', ko: '남은 배터리 시간', en: 'Battery time remaining', unit: 'min' },
    { word: 'ctl/batt-charge', ko: '배터리 충전율', en: 'Battery charge', unit: '%' },
    { word: 'ctl/load', ko: '부하율', en: 'Load', unit: '%' },
    {
      word: 'ctl/batt-racks',
      ko: '연결된 배터리 랙 수',
      en: 'Battery racks connected',
      unit: '-',
      digits: 0,
    },
    { word: 'ctl/on-battery', ko: '배터리 운전 중', en: 'On battery', ...yes },
  ],
  'battery-room': [
    {
      word: 'io/asd-stage',
      ko: '흡입형 감지기 단계',
      en: 'Aspirating detector stage',
      kind: 'enum',
      unit: '-',
      enum: {
        0: text('정상', 'normal'),
        1: text('주의', 'alert'),
        2: text('조치', 'action'),
        3: text('화재 1', 'fire 1'),
      },
    },
    { word: 'io/lfl', ko: '가연성 가스 (폭발 하한 대비)', en: 'Flammable gas', unit: '%', digits: 0 },
    { word: 'io/occupancy', ko: '재실 인원', en: 'People inside', unit: '-', digits: 0 },
    { word: 'io/gas-pressure', ko: '소화가스 저장 압력', en: 'Gas bank pressure', unit: 'bar' },
    { word: 'io/tank-level', ko: '오염수 저장조 수위', en: 'Drain tank level', unit: '%' },
    { word: 'io/pump-flow', ko: '소화수 펌프 유량', en: 'Fire pump flow', unit: 'L/min', digits: 0 },
    { word: 'io/pump-run', ko: '소화수 펌프 운전', en: 'Fire pump running', ...yes },
    { word: 'io/exhaust-run', ko: '배기팬 운전', en: 'Exhaust running', ...yes },
    { word: 'io/dampers-closed', ko: '댐퍼 닫힘', en: 'Dampers closed', ...yes },
    { word: 'io/door-closed', ko: '출입문 닫힘', en: 'Door closed', ...yes },
    {
      word: 'io/discharge-pressure',
      ko: '가스 방출 압력 스위치',
      en: 'Gas discharge pressure switch',
      ...yes,
    },
    { word: 'io/reserve-open', ko: '예비 가스 밸브 개방', en: 'Reserve valve open', ...yes },
  ],
  'battery-rack': [
    { word: 'io/rt', ko: '랙 공기 온도', en: 'Rack air temperature', unit: 'degC' },
    { word: 'bms/t-max', ko: '최고 셀 온도 (BMS)', en: 'Highest cell temperature (BMS)', unit: 'degC' },
    { word: 'cam/max', ko: '열화상 최고 온도', en: 'Thermal camera maximum', unit: 'degC' },
    { word: 'io/open-52b', ko: '차단기 개방 접점 (52b)', en: 'Breaker open contact (52b)', ...yes },
    { word: 'io/curtain-down', ko: '방화 커튼 완전 하강', en: 'Fire curtain fully down', ...yes },
    { word: 'io/patch-discharged', ko: '소화 패치 방출', en: 'Patch discharged', ...yes },
    { word: 'io/nozzle-flow', ko: '랙 노즐 방출', en: 'Rack nozzles flowing', ...yes },
    { word: 'io/water-on', ko: '냉각수 흐름', en: 'Cooling water flowing', ...yes },
  ],
  'it-rack': [
    { word: 'env/inlet-top', ko: '흡기 온도 (상)', en: 'Inlet temperature (top)', unit: 'degC' },
    { word: 'env/inlet-middle', ko: '흡기 온도 (중)', en: 'Inlet temperature (middle)', unit: 'degC' },
    { word: 'env/inlet-bottom', ko: '흡기 온도 (하)', en: 'Inlet temperature (bottom)', unit: 'degC' },
    { word: 'env/kw-a', ko: '전력 A 계통', en: 'Power, cord A', unit: 'kW', digits: 2 },
  ],
}

export const points: Point[] = assets.flatMap((a) =>
  (shapes[a.kind] ?? []).map((s): Point => {
    const names = text(s.ko, s.en)
    return {
      id: `${a.id}/${s.word}`,
      name: s.ko,
      names,
      asset: a.id,
      unit: s.unit ?? '-',
      digits: s.digits ?? 1,
      kind: s.kind ?? 'analog',
      enum: s.enum ?? null,
      min: 0,
      max: 100,
      flags: [],
      value: null,
      quality: 'unknown',
      reason: '',
      time: null,
    }
  }),
)
