import { describe, expect, it } from 'vitest'
import en from './en.json'
import ko from './ko.json'

const sources = import.meta.glob<string>(['../**/*.ts', '../**/*.tsx', '!../**/*.test.*'], {
  query: '?raw',
  import: 'default',
  eager: true,
})

const placeholders = (s: string) => [...s.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort()

describe('the words', () => {
  it('have the same keys in both languages, none empty', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort())
    for (const text of [...Object.values(ko), ...Object.values(en)]) expect(text.trim()).not.toBe('')
  })

  it('have the same placeholders in both languages', () => {
    for (const [key, text] of Object.entries(ko))
      expect({ key, has: placeholders(text) }).toEqual({ key, has: placeholders(en[key as keyof typeof en]) })
  })

  it('exist for every key the source names', () => {
    const missing: string[] = []
    for (const [file, source] of Object.entries(sources))
      for (const [, key] of source.matchAll(/\bt\(\s*'([^']+)'/g))
        if (key && !(key in ko)) missing.push(`${file}: ${key}`)
    expect(missing).toEqual([])
  })

  it('need no particle after a variable', () => {
    const joined = Object.entries(ko).filter(([, text]) =>
      /\}\}(을|를|이|가|은|는|와|과)(\s|$|[.,])/.test(text),
    )
    expect(joined).toEqual([])
  })
})
