import { describe, expect, it } from 'vitest'
import { said } from '../../live/said'
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
  const t: SentenceWords['t'] = (key, values = {}) =>
    (texts[key] ?? String(values.defaultValue ?? key)).replace(/\{\{(\w+)\}\}/g, (_m, name: string) =>
      String(values[name] ?? ''),
    )
  return {
    lang,
    t,
    said: (text) => said(text, t),
    asset: (id) => id,
    person: (id) => (id === 'chair' ? 'C' : id),
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
    [
      'site.reload',
      { state: 'refused', from: 'aa', to: 'bb', refused: ['room B1 burns'], changes: [] },
      '거부됨',
      'room B1 burns',
    ],
    ['new.kind', {}, 'new.kind', 'B1/R3'],
  ])('says what a %s entry says', (kind, data, first, second) => {
    const korean = sentence(entry(kind, data), words('ko'))
    expect(korean).toContain(first)
    expect(korean).toContain(second)
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

describe('an entry of the organisation', () => {
  const moved = (machine: string, over: Record<string, unknown>) =>
    entry('bcp.move', { machine, id: 'x1', from: 'A', event: 'note', to: 'A', by: 'clock', ...over })

  it.each<[string, Entry, string[]]>([
    [
      'a run that halts',
      moved('failover', {
        id: 'talk',
        from: 'FENCING',
        event: 'unproven',
        to: 'HOLD',
        why: 'its lease has not expired',
      }),
      ['전환 talk', '증거 없음', '격리 → 멈춤', '임차'],
    ],
    [
      'a vote',
      moved('motion', {
        id: 'm1',
        event: 'vote',
        by: 'chair',
        detail: {
          vote: {
            person: 'chair',
            choice: 'yes',
            tally: { yes: 3, no: 1, abstain: 0, present: 4, needed: 3 },
          },
        },
      }),
      ['안건 m1', 'C 찬성', '찬 3 · 반 1', '정족수 3'],
    ],
    [
      'a summons by its channel',
      moved('summon', {
        id: 'c1/chair',
        from: 'PENDING',
        event: 'send',
        to: 'SENT',
        detail: { channel: 'sms' },
      }),
      ['호출 C', '보냄', '문자'],
    ],
    [
      'the start of an incident',
      moved('incident', {
        id: 'i1',
        from: '',
        event: 'create',
        to: 'DETECTED',
        detail: { evidence: [{ what: 'R3 2단계' }] },
      }),
      ['사고 i1', '사고 열림', 'R3 2단계'],
    ],
    [
      'an outcome that a probe told',
      entry('bcp.outcome', { key: 'step/p1/freeze/4/0', state: 'done', probed: true }),
      ['단계 p1/freeze', '조회 결과 완료'],
    ],
    [
      'what a person asked',
      entry('bcp.request', {
        kind: 'failover.abandon',
        subject: 'talk',
        by: [{ person: 'chair' }],
        args: { reason: '되돌릴 수 없음' },
      }),
      ['C 요청', '전환 포기', 'talk', '되돌릴 수 없음'],
    ],
    [
      'a refusal',
      entry('bcp.reply', { code: 403, detail: 'x: only the control tower may do this' }),
      ['거부됨', '관제탑만'],
    ],
    [
      'that a message arrived',
      entry('bcp.receipt', { key: 'summon/c1/chair/4/0', person: 'chair', event: 'delivered' }),
      ['호출 C', 'C 도착 확인'],
    ],
    [
      'evidence of the building',
      entry('bcp.evidence', {
        kind: 'power-off',
        site: 'dc1',
        gone: false,
        what: 'power-off: the points a/b, c/d prove it',
      }),
      ['전원 꺼짐', 'dc1', '현장 값이 증명함 (a/b, c/d)'],
    ],
    ['one of a machine not known yet', moved('comet', { event: 'land' }), ['comet x1', 'land']],
  ])('says %s', (_name, e, parts) => {
    const korean = sentence(e, words('ko'))
    for (const part of parts) expect(korean).toContain(part)
    const english = sentence(e, words('en'))
    expect(english).not.toContain('{{')
    expect(english.replace('R3 2단계', '').replace('되돌릴 수 없음', '')).not.toMatch(/[가-힣]/)
  })

  it('falls under the filter of its machine; what people asked stays out of the main run', () => {
    expect(['grade', 'summon', 'brake', 'step'].map((m) => sharedGroup(moved(m, {})))).toEqual([
      'incident',
      'committee',
      'failover',
      'playbook',
    ])
    expect(sharedGroup(entry('stage', {}))).toBe('site')
    expect(inGroup('shared', entry('bcp.reply', {}), 'main')).toBe(false)
    expect(inGroup('shared', entry('bcp.reply', {}), 'request')).toBe(true)
    expect(inGroup('shared', moved('step', {}), 'main')).toBe(true)
    expect(inGroup('shared', moved('step', { event: 'create' }), 'main')).toBe(false)
    expect(inGroup('shared', moved('incident', { event: 'create' }), 'main')).toBe(true)
    expect(inGroup('shared', entry('bcp.outcome', { state: 'done' }), 'main')).toBe(false)
    expect(inGroup('shared', entry('bcp.outcome', { state: 'unknown' }), 'main')).toBe(true)
  })
})
