import { describe, expect, it } from 'vitest'
import type { Entry } from '../../live/types'
import { merged } from '../../ui/journal'
import { sharedGroup } from '../../ui/sentence-bcp'
import { sentence, type SentenceWords } from '../../ui/sentence'
import { groupOf, inGroup } from './journal'

const files = import.meta.glob<Record<string, string>>('../../text/*/*.json', {
  import: 'default',
  eager: true,
})

function words(lang: 'ko' | 'en'): SentenceWords {
  const mine = Object.entries(files).filter(([path]) => path.includes(`/${lang}/`))
  const texts: Record<string, string> = Object.assign({}, ...mine.map(([, w]) => w))
  return {
    lang,
    asset: (id) => id,
    person: (id) => (id === 'chair' ? 'C' : id),
    t: (key, values = {}) =>
      (texts[key] ?? String(values.defaultValue ?? key)).replace(/\{\{(\w+)\}\}/g, (_m, name: string) =>
        String(values[name] ?? ''),
      ),
  }
}

const entry = (kind: string, data: unknown, over: Partial<Entry> = {}): Entry => ({
  seq: 1,
  time: '2026-03-02T05:00:00.000Z',
  kind,
  actor: 'fire',
  subject: 'B1/R3',
  data,
  hash: '',
  ...over,
})

describe('a sentence', () => {
  it.each([
    [
      'stage',
      { room: 'B1', rack: 'R3', from: 'SP', to: 'S1', why: 'votes' },
      'B1 R3: SP → S1',
      '온도 채널 표결',
    ],
    ['command', { name: 'R3.ISOLATE', state: 'confirmed' }, '전원 격리', '피드백 확인'],
    [
      'alarm',
      {
        state: 'unacknowledged',
        asset: 'demo/h1',
        texts: { ko: '뜨거움', en: 'hot' },
        value: 36,
        unit: 'degC',
      },
      '[미확인] demo/h1: 뜨거움',
      '36.0 ℃',
    ],
    [
      'act',
      { kind: 'alarm.ack', subject: 'x', by: ['a', 'b'], reason: 'seen on site' },
      '경보 확인',
      'a + b · seen on site',
    ],
    ['start', {}, '시작함', 'B1/R3'],
    ['journal.gap', { why: 'disk' }, '비어 있는', 'disk'],
    ['fire.state', {}, '화재 대응', '엔진 상태 저장'],
    ['new.kind', {}, 'new.kind', 'B1/R3'],
  ])('says what a %s entry says', (kind, data, first, second) => {
    const said = sentence(entry(kind, data), words('ko'))
    expect(said).toContain(first)
    expect(said).toContain(second)
    expect(sentence(entry(kind, data), words('en'))).not.toMatch(/[가-힣]/)
  })

  it('reads data that came as text, and says what it can of data that is none', () => {
    expect(sentence(entry('stage', '{"room":"B1","from":"S0","to":"SP"}'), words('en'))).toContain(
      'B1: S0 → SP',
    )
    expect(sentence(entry('stage', 'not json'), words('en'))).toContain('B1/R3')
  })
})

it('sorts kinds under their filters, the engine snapshots outside the main run', () => {
  expect(['alarm', 'fire.state', 'journal.gap', 'start'].map(groupOf)).toEqual([
    'alarm',
    'fire',
    'system',
    'system',
  ])
  expect(inGroup('field', entry('fire.state', {}), 'main')).toBe(false)
  expect(inGroup('field', entry('stage', {}), 'main')).toBe(true)
})

it('joins pages and the live tail without doubles, newest first', () => {
  const e = (seq: number) => entry('act', {}, { seq })
  expect(merged([e(1), e(2)], [e(2), e(3)]).map((x) => x.seq)).toEqual([3, 2, 1])
})
