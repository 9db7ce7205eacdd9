// Measures the console in a browser, as a benchmark asks: node e2e/tick.mjs ADDRESS. Prints one JSON object:
// the main thread's time for each second of the busiest view, and from opening the alarm list to its rows.
import { chromium } from 'playwright-core'

const base = process.argv[2]
const seconds = 20
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'ko-KR' })
await page.request.post(`${base}/api/v1/session`, { data: { user: 'operator', password: 'bongsu-demo' } })

await page.goto(`${base}/b`)
await page.locator('.heat-cell').first().waitFor()
await page.waitForTimeout(4000) // every chunk is loaded by now
const devtools = await page.context().newCDPSession(page)
await devtools.send('Performance.enable')
const busy = async () => {
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (name) => metrics.find((m) => m.name === name).value
  return { task: of('TaskDuration') * 1000, at: of('Timestamp') }
}
const ticks = []
let last = await busy()
for (let i = 0; i < seconds; i++) {
  await page.waitForTimeout(1000)
  const now = await busy()
  ticks.push((now.task - last.task) / (now.at - last.at))
  last = now
}
ticks.sort((a, b) => a - b)

const opened = []
for (let i = 0; i < 5; i++) {
  const began = Date.now()
  await page.goto(`${base}/a`)
  await page.locator('[role=row] .glyph, tr .glyph').first().waitFor()
  opened.push(Date.now() - began)
}
opened.sort((a, b) => a - b)
await browser.close()
process.stdout.write(JSON.stringify({ p50: ticks[seconds / 2], max: ticks[seconds - 1], open: opened[2] }))
