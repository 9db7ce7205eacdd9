// Fails when the first load outgrows its budget: what a browser needs, gzipped and without fonts,
// to log in and see the overview.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const budget = 180 * 1000
const dist = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))

const files = new Set()
function take(key) {
  const chunk = manifest[key]
  if (!chunk || files.has(chunk.file)) return
  files.add(chunk.file)
  for (const css of chunk.css ?? []) files.add(css)
  for (const other of chunk.imports ?? []) take(other)
}
take('index.html')
take('src/screens/overview/overview.tsx')

let total = 0
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length
  total += size
  process.stdout.write(`${String(size).padStart(8)}  ${file}\n`)
}
process.stdout.write(`${String(total).padStart(8)}  first load, budget ${budget}\n`)
if (total > budget) {
  process.stderr.write('the first load is over its budget\n')
  process.exit(1)
}
