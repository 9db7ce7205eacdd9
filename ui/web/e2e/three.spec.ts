// Three data centers, a node in each: the first one is stopped from the demo's page, which the others show and do
// without, and when it is started again it has what was written meanwhile. BONGSU_NODES names the three consoles.

import { expect, test, type Browser, type Page } from '@playwright/test'
import { logIn, open, station } from './steps'

const nodes = (process.env.BONGSU_NODES ?? '').split(',')

/** A console's browser of its own: to a browser all ports of one machine are one place, and its cookies are the same. */
async function at(browser: Browser, node: number): Promise<Page> {
  const context = await browser.newContext({ baseURL: nodes[node - 1], locale: 'ko-KR' })
  const page = await context.newPage()
  await station(page)
  await logIn(page)
  return page
}

const first = (page: Page) => page.locator('.building').first()
const standing = (page: Page) => page.getByRole('region', { name: '전체 상태' })
const line = (page: Page) => page.locator('.sim-nodes li').filter({ hasText: 'n1' })

/** The state a node has reckoned from the shared journal, and after which entry. */
async function state(page: Page): Promise<{ entry: number; hash: string }> {
  const text = await (await page.request.get('/metrics')).text()
  const figure = (name: string) => new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? ''
  return { entry: Number(figure('bongsu_shared_state_entry')), hash: figure('bongsu_shared_state_hash') }
}

test('a data center that is stopped is silent at the others and comes back with the same state @three', async ({
  browser,
}) => {
  test.setTimeout(400_000)
  const [one, two, three] = [await at(browser, 1), await at(browser, 2), await at(browser, 3)]
  for (const page of [one, two, three]) {
    await open(page, '/sites')
    await expect(first(page)).toContainText('정상 수신', { timeout: 60_000 })
    await expect(standing(page)).toContainText('쓸 수 있음', { timeout: 60_000 })
  }

  const demo = await two.context().newPage()
  await open(demo, '/sim')
  await demo.getByRole('button', { name: '노드 n1 멈추기' }).click()
  await expect(line(demo).getByText('멈춤', { exact: true })).toBeVisible()

  // Both others say so by themselves, and still decide: two of three are enough.
  for (const page of [two, three]) {
    await expect(first(page)).toContainText('침묵', { timeout: 90_000 })
    await expect(page.locator('.center').first()).toHaveAttribute('data-attention', 'true')
    await expect(standing(page)).toContainText('쓸 수 있음', { timeout: 60_000 })
    await expect(standing(page)).toContainText(/결정하는 노드\s*n[23]/, { timeout: 60_000 })
  }
  await expect(one.locator('.stream')).not.toHaveAttribute('data-state', 'live')
  await expect(standing(one).getByRole('status')).toContainText('응답하지 않습니다')

  // What is written while it is away is what it has to catch up with.
  const report = { site: 'dc2', kind: 'report', what: 'smell of smoke at the second center' }
  await expect(async () => {
    expect((await two.request.post('/api/v1/incidents', { data: report })).ok()).toBe(true)
  }).toPass({ timeout: 60_000 })
  await expect.poll(async () => (await state(two)).entry, { timeout: 60_000 }).toBeGreaterThan(0)
  const away = (await state(two)).entry

  await demo.getByRole('button', { name: '노드 n1 다시 켜기' }).click()
  await expect(line(demo).getByText('동작 중', { exact: true })).toBeVisible()
  for (const page of [two, three]) await expect(first(page)).toContainText('정상 수신', { timeout: 90_000 })

  // Its own console: it decides with the others again, and knows of the report.
  await expect(async () => logIn(one)).toPass({ timeout: 90_000 })
  await open(one, '/sites')
  await expect(standing(one)).toContainText('쓸 수 있음', { timeout: 60_000 })
  await expect(one.getByText('정족수 없음')).toHaveCount(0)
  await expect
    .poll(async () => (await one.request.get('/api/v1/bcp')).text(), { timeout: 60_000 })
    .toContain(report.what)

  // The three have reckoned the same from the same entries.
  await expect(async () => {
    const back = await state(one)
    expect(back.entry).toBeGreaterThanOrEqual(away)
    expect(back.hash).not.toBe('')
    expect(await state(two)).toEqual(back)
    expect(await state(three)).toEqual(back)
  }).toPass({ timeout: 90_000 })
  await open(two, '/s')
  const compared = two.locator('.fact').filter({ hasText: '비교한 노드: n1' })
  await expect(compared).toContainText('일치', { timeout: 60_000 })
  for (const page of [one, two, three]) await page.context().close()
})
