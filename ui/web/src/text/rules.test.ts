// Whatever the organisation's tables can say has words here, so that no screen shows a bare name.

import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const names = ['tables', 'states', 'table', 'request', 'decision', 'facts'] as const
const go: Record<string, string> = {}
// The tests run in the console's own folder.
for (const name of names) go[name] = new TextDecoder().decode(await readFile(`../../bcp/${name}.go`))

const files = import.meta.glob<Record<string, string>>('./ko/*.json', { import: 'default', eager: true })
const words: Record<string, string> = Object.assign({}, ...Object.values(files))

const file = (name: (typeof names)[number]): string => go[name] ?? ''

/** Names of Go constants and their values: `RunHold = "HOLD"`. */
const constants = new Map(
  Object.values(go).flatMap((source) =>
    [...source.matchAll(/^\s*(\w+)\s*=\s*"([^"]+)"/gm)].map((m): [string, string] => [
      m[1] ?? '',
      m[2] ?? '',
    ]),
  ),
)

it('finds the tables beside the console', () => {
  expect(file('tables')).toContain('withNotes')
  expect(constants.get('RunHold')).toBe('HOLD')
})

it('has a word for every state and every event of every machine', () => {
  const lacks: string[] = []
  let machine = ''
  for (const line of file('tables').split('\n')) {
    machine = constants.get(/^\t(Machine\w+): /.exec(line)?.[1] ?? '') ?? machine
    const edge = /^\t\t\{(\w+), (\w+), (\w+)\}/.exec(line)
    if (!edge) continue
    for (const name of [edge[1], edge[3]]) {
      const key = `state.${machine}.${constants.get(name ?? '')}`
      if (!(key in words)) lacks.push(key)
    }
    const event = constants.get(edge[2] ?? '') ?? edge[2]
    if (!(`event.${event}` in words) && !(`event.${machine}.${event}` in words)) lacks.push(`event.${event}`)
  }
  expect([...new Set(lacks)]).toEqual([])
})

it('has a word for every request, every kind of act and every kind of evidence', () => {
  const asked = [...file('request').matchAll(/^\t"([a-z-]+\.[a-z-]+)":/gm)].map((m) => `request.${m[1]}`)
  const effects = [...file('decision').matchAll(/^\tEffect\w+\s*=\s*"([a-z-]+)"/gm)].map(
    (m) => `effect.${m[1]}`,
  )
  const evidence = [...file('facts').matchAll(/^\tEvidence\w+\s*=\s*"([a-z-]+)"/gm)].map(
    (m) => `evidence-kind.${m[1]}`,
  )
  expect(asked.length).toBeGreaterThan(30)
  expect(effects.length).toBeGreaterThan(10)
  expect([...asked, ...effects, ...evidence].filter((k) => !(k in words))).toEqual([])
})
