import { describe, expect, it } from 'vitest'
import { late, needs } from './topics'

const sources = import.meta.glob<string>(['../**/*.ts', '../**/*.tsx', '!../**/*.test.*'], {
  query: '?raw',
  import: 'default',
  eager: true,
})
const files = import.meta.glob<Record<string, string>>('./{ko,en}/*.json', { import: 'default', eager: true })

/** Topic by topic of one language. */
function topicsOf(lang: 'ko' | 'en'): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files)
      .filter(([path]) => path.startsWith(`./${lang}/`))
      .map(([path, words]) => [path.slice(`./${lang}/`.length, -'.json'.length), words]),
  )
}

const ko = topicsOf('ko')
const en = topicsOf('en')
const topicOfKey = new Map(Object.entries(ko).flatMap(([topic, w]) => Object.keys(w).map((k) => [k, topic])))
const placeholders = (s: string) => [...s.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort()

describe('the words', () => {
  it('have the same keys in both languages, none empty, none under two topics', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort())
    for (const topic of Object.keys(ko))
      expect(Object.keys(en[topic] ?? {}).sort()).toEqual(Object.keys(ko[topic] ?? {}).sort())
    const all = Object.values(ko).flatMap((w) => Object.keys(w))
    expect(all.length).toBe(new Set(all).size)
    for (const words of [...Object.values(ko), ...Object.values(en)])
      for (const text of Object.values(words)) expect(text.trim()).not.toBe('')
  })

  it('have the same placeholders in both languages', () => {
    for (const [topic, words] of Object.entries(ko))
      for (const [key, text] of Object.entries(words))
        expect({ key, has: placeholders(text) }).toEqual({ key, has: placeholders(en[topic]?.[key] ?? '') })
  })

  it('exist for every key the source names', () => {
    const missing: string[] = []
    for (const [file, source] of Object.entries(sources))
      for (const [, key] of source.matchAll(/\bt\(\s*'([^']+)'/g))
        if (key && !topicOfKey.has(key)) missing.push(`${file}: ${key}`)
    expect(missing).toEqual([])
  })

  it('need no particle after a variable', () => {
    const joined = Object.values(ko)
      .flatMap((w) => Object.entries(w))
      .filter(([, text]) => /\}\}(을|를|이|가|은|는|와|과|으로|로)(\s|$|[.,])/.test(text))
    expect(joined).toEqual([])
  })
})

/** The file an import names, as the keys of `sources` spell it; undefined for packages and styles. */
function resolve(from: string, to: string): string | undefined {
  if (!to.startsWith('.')) return undefined
  const parts = [...from.split('/').slice(0, -1), ...to.split('/')]
  const path: string[] = []
  for (const p of parts) {
    if (p === '..' && path.length > 0 && path.at(-1) !== '..') path.pop()
    else if (p !== '.') path.push(p)
  }
  const base = path.join('/')
  return [base, `${base}.ts`, `${base}.tsx`, `${base}/index.ts`].find((p) => p in sources)
}

/** Every source a screen is made of, what it loads later included. */
function reach(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry)) return seen
  seen.add(entry)
  for (const [, to] of (sources[entry] ?? '').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
    const next = resolve(entry, to ?? '')
    if (next) reach(next, seen)
  }
  return seen
}

// Words are also asked for by a prefix: every key with it must be at hand.
function keysIn(source: string): string[] {
  const whole = [...source.matchAll(/\bt\(\s*'([^']+)'/g)].map((m) => m[1] ?? '')
  const begun = [...source.matchAll(/\bt\(\s*`([a-z-]+(?:\.[a-z-]+)*\.)\$\{/g)].map((m) => m[1] ?? '')
  return [
    ...whole,
    ...begun.flatMap((b) =>
      [...topicOfKey.keys()].filter((k) => k.startsWith(b) && !k.slice(b.length).includes('.')),
    ),
  ]
}

describe('a screen', () => {
  it.each(Object.entries(needs))('%s brings every word it says', (screen, topics) => {
    const entry = `../screens/${screen}/${screen}.tsx`
    expect(Object.keys(sources)).toContain(entry)
    const lacks = [...reach(entry)].flatMap((file) =>
      keysIn(sources[file] ?? '')
        .filter((key) => !['frame', ...topics].includes(topicOfKey.get(key) ?? ''))
        .map((key) => `${file}: ${key}`),
    )
    expect(lacks).toEqual([])
  })

  it('and the frame says only words of its own and those its late parts bring', () => {
    const lacks = [...reach('../ui/frame.tsx')].flatMap((file) =>
      keysIn(sources[file] ?? '')
        .filter((key) => !['frame', late].includes(topicOfKey.get(key) ?? ''))
        .map((key) => `${file}: ${key}`),
    )
    expect(lacks).toEqual([])
  })
})
