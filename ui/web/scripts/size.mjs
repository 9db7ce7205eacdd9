// Fails when a first load outgrows its budget: what a browser needs, gzipped and without fonts, to log
// in and see a screen with its words.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const loads = [
  {
    screen: 'overview',
    words: ['frame', 'desk', 'overview', 'fire', 'supply', 'reading'],
    also: ['src/ui/nav.tsx', 'src/ui/watch.tsx', 'src/ui/order-strip.tsx'],
    budget: 180_000,
  },
  // A committee member's phone, perhaps at the edge of a network. The page itself is 10 kB of it; React with
  // its DOM, the queries and the translations are 100 kB, the frame and its words the rest.
  { screen: 'phone', words: ['frame', 'continuity', 'phone', 'refusals'], also: [], budget: 140_000 },
]

const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))

/** The files of a chunk and of everything it imports at once. */
function take(key, files) {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`the build has no ${key}`)
  if (files.has(chunk.file)) return
  files.add(chunk.file)
  for (const css of chunk.css ?? []) files.add(css)
  for (const other of chunk.imports ?? []) take(other, files)
}

let over = false
for (const { screen, words, also, budget } of loads) {
  const files = new Set()
  take('index.html', files)
  take(`src/screens/${screen}/${screen}.tsx`, files)
  for (const part of also) take(part, files)
  for (const topic of words) take(`src/text/ko/${topic}.json`, files)
  let total = 0
  for (const file of files) {
    const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
    total += size
    process.stdout.write(`${String(size).padStart(8)}  ${file}\n`)
  }
  process.stdout.write(`${String(total).padStart(8)}  first load of ${screen}, budget ${budget}\n`)
  over ||= total > budget
}
if (over) {
  process.stderr.write('a first load is over its budget\n')
  process.exit(1)
}
