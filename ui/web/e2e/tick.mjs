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

// Where the time of an opening goes, from the times of the page and of its requests.
await page.addInitScript(() => {
  const seen = {}
  window.opening = seen
  const look = () => {
    if (document.querySelector('[role=row] .glyph')) seen.rows ??= performance.now()
    const rows = Number(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount'))
    if (rows > 10_000) seen.whole ??= performance.now()
  }
  new MutationObserver(look).observe(document, {
    childList: true,
    subtree: true,
    attributeFilter: ['aria-rowcount'],
  })
})
await devtools.send('Network.enable')
let events = []
for (const name of ['requestWillBeSent', 'responseReceived', 'eventSourceMessageReceived'])
  devtools.on(`Network.${name}`, (e) =>
    events.push({
      name,
      id: e.requestId,
      at: e.timestamp * 1000,
      url: e.request?.url ?? '',
      event: e.eventName,
    }),
  )
const spent = async () => {
  const { metrics } = await devtools.send('Performance.getMetrics')
  const of = (name) => metrics.find((m) => m.name === name).value * 1000
  return { script: of('ScriptDuration'), render: of('LayoutDuration') + of('RecalcStyleDuration') }
}

const opened = []
for (let i = 0; i < 7; i++) {
  await page.goto('about:blank')
  events = []
  const before = await spent()
  const began = Date.now()
  await page.goto(`${base}/a`)
  await page.locator('[role=row] .glyph').first().waitFor()
  const open = Date.now() - began
  await page.waitForFunction(() => window.opening.whole)
  const { rows, whole } = await page.evaluate(() => window.opening)
  const after = await spent()
  const page0 = events.find((e) => e.name === 'requestWillBeSent')
  const live = events.find((e) => e.url.includes('view=alarms'))
  const of = (name, event) => events.find((e) => e.id === live.id && e.name === name && e.event === event).at
  const head = of('responseReceived')
  const snap = of('eventSourceMessageReceived', 'snap')
  opened.push({
    open,
    asked: live.at - page0.at,
    server: head - live.at,
    transfer: snap - head,
    draw: rows - (snap - page0.at),
    whole,
    script: after.script - before.script,
    render: after.render - before.render,
  })
}
await browser.close()
const middle = (name) => opened.map((o) => o[name]).sort((a, b) => a - b)[3]
const parts = Object.fromEntries(Object.keys(opened[0]).map((name) => [name, middle(name)]))
process.stdout.write(JSON.stringify({ p50: ticks[seconds / 2], max: ticks[seconds - 1], ...parts }))
