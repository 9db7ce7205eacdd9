import { expect, it } from 'vitest'
import { known, said } from './said'

const files = import.meta.glob<Record<string, string>>('../text/ko/{said,refusals}.json', {
  import: 'default',
  eager: true,
})
const words: Record<string, string> = Object.assign({}, ...Object.values(files))
const ko = (key: string, values: Record<string, string>) =>
  (words[key] ?? values.defaultValue ?? key).replace(/\{\{(\w+)\}\}/g, (_m, n: string) => values[n] ?? '')

it.each([
  ['two persons on two stations have to agree', '서로 다른 두 사람'],
  ['1 of 2 failure domains see it dead', '1곳'],
  ['nothing proves that it cannot write; unreachable is no proof', '증거'],
  ['capacity 900/s is below 1.3 x 800/s', '900'],
  ['messaging has record 41 of 42', '41'],
  ['messaging has record 42', '42'],
  ['promote messaging had no effect: refused', 'refused'],
  ['the brake is on: 3 automatic runs within 10m0s', '자동 전환'],
  ['dc1 is silent: no sign of life and nothing relayed since 12:00:07 UTC', '침묵'],
  ['of its messenger: 0 of 2 failure domains see it dead', '0곳'],
  ['standing order so-1, signed by chair and dep1', 'so-1'],
  ['at dc2 0.6 of 4.2 requests a second fail where 1 % is normal', '4.2건 중 0.6건'],
  ['nobody knows how many failed at dc1: the least is taken for normal', 'dc1'],
  ['a user of ours does not get through at dc2: log in: no answer', 'log in: no answer'],
  ['resume once it is mended, or two people go on without this', '두 사람'],
])('says %s in Korean', (text, part) => {
  const told = said(text, ko)
  expect(told).toContain(part)
  expect(told).not.toContain('{{')
  expect(told).toMatch(/[가-힣]/)
})

it('tells a list of the same sentence part by part', () => {
  const told = said('account has record 186; api has record 2443; messaging has record 2540', ko)
  expect(told.split(' · ')).toHaveLength(3)
  expect(told).not.toContain('has record')
})

it('says each part of a list, and keeps what it does not know', () => {
  const told = said('configuration differs; capacity or load not measured; odd thing', ko)
  expect(told.split(' · ')).toHaveLength(3)
  expect(told).toContain('odd thing')
  expect(said('a new sentence', ko)).toBe('a new sentence')
  expect(said(undefined, ko)).toBe('')
})

it('says why a request was refused, with what it speaks of', () => {
  const told = said('failover group talk: "member": only the control tower may do this', ko)
  expect(told).toContain('관제탑')
  expect(told).toContain('failover group talk')
  expect(said('the motion is closed', ko)).toMatch(/[가-힣]/)
})

it('is the whole sentence before it is a list of parts', () => {
  expect(said('nothing proves that it cannot write; unreachable is no proof', ko)).not.toContain(' · ')
})

it('has words for every sentence, with the blanks the sentence has', () => {
  for (const { key, blanks } of known) {
    const text = words[key] ?? ''
    const used = [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1])
    const has = blanks.map((b) => b.replace('*', ''))
    expect({ key, text, lacks: used.filter((u) => !has.includes(u ?? '')) }).toEqual({
      key,
      text: expect.stringMatching(/\S/) as string,
      lacks: [],
    })
  }
})
