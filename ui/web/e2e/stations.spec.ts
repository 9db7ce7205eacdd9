// Two persons at two stations, against a running demo: what waits for a second person cannot be signed by the first, nor
// at the first one's station, nor a minute later; and each try is on record.

import { expect, test, type Browser, type Page } from '@playwright/test'
import { logIn, open, station } from './steps'

interface Order {
  id: string
  by: string
  station: string
  second?: string
  second_station?: string
  state: string
  until?: string
  confirmed: string | null
}

interface Entry {
  kind: string
  actor: string
  subject: string
  data: { id?: string; state?: string }
}

// New batteries and outputs at rest: what this file did does not stand in the way of the next.
test.afterEach(async ({ page }) => {
  await logIn(page)
  expect((await page.request.delete('/api/v1/sim/scenarios')).ok()).toBe(true)
})

const problem = (detail: RegExp) => ({ asymmetricMatch: (o: { detail: string }) => detail.test(o.detail) })

/** A browser of its own is a station of its own. */
async function atDesk(browser: Browser, user: string): Promise<Page> {
  const page = await (await browser.newContext({ locale: 'ko-KR' })).newPage()
  await station(page)
  await logIn(page, user)
  return page
}

/** Asks for cooling water on a rack of the battery room: of the highest level, and no stage drives it while all is calm. */
async function askForWater(page: Page, rack: string): Promise<Order> {
  await open(page, '/c')
  const tag = `demo/b1/${rack}/io/water`
  await page.getByRole('searchbox').fill(tag)
  await page.getByRole('button', { name: new RegExp(`^명령 열기: .*${tag}$`) }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.locator('.order-checks li[data-pass=true]').first()).toBeVisible()
  await dialog.getByLabel('사유').fill('두 사람 시험')
  await dialog.getByLabel(`${tag} 입력`).fill(tag)
  await dialog.getByLabel('내 비밀번호 다시 입력').fill('bongsu-demo')
  const asked = page.waitForResponse((r) => r.url().endsWith('/commands') && r.request().method() === 'POST')
  await dialog.getByRole('button', { name: /요청/ }).click()
  const answer = await asked
  expect(answer.status()).toBe(202)
  await expect(dialog.locator('.order-state')).toContainText('두 번째 사람을 기다림')
  return (await answer.json()) as Order
}

/** The journal's states of one order, in their order. */
const states = async (page: Page, id: string): Promise<(string | undefined)[]> =>
  (await journal(page, 'command')).filter((e) => e.data.id === id).map((e) => e.data.state)

const one = async (page: Page, id: string): Promise<Order> =>
  (await (await page.request.get(`/api/v1/commands/${encodeURIComponent(id)}`)).json()) as Order

/** Signs past the page, as somebody would who does not use it. */
const sign = (page: Page, id: string, confirm: string) =>
  page.request.post(`/api/v1/commands/${encodeURIComponent(id)}/sign`, { data: { confirm } })

async function journal(page: Page, kind: string): Promise<Entry[]> {
  const answer = await page.request.get('/api/v1/journal?limit=400')
  expect(answer.ok()).toBe(true)
  return ((await answer.json()) as { items: Entry[] }).items.filter((e) => e.kind === kind)
}

test('water on a rack is asked at one station and given only by another person at another one @stations', async ({
  browser,
}) => {
  const first = await atDesk(browser, 'safety')
  const order = await askForWater(first, 'r8')
  const tag = 'demo/b1/r8/io/water'
  expect(order.by).toBe('safety')

  // The same person at another station sees it, and cannot sign.
  const elsewhere = await atDesk(browser, 'safety')
  await open(elsewhere, `/c/${order.id}`)
  const own = elsewhere.getByRole('dialog')
  await expect(own.getByRole('button', { name: '서명', exact: true })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  const self = await sign(elsewhere, order.id, tag)
  expect([self.status(), await self.json()]).toEqual([403, problem(/someone else/)])

  // Another person at the first one's station neither.
  await logIn(first, 'lead')
  await open(first, `/c/${order.id}`)
  await expect(first.getByRole('dialog').getByRole('button', { name: '서명', exact: true })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  const same = await sign(first, order.id, tag)
  expect([same.status(), await same.json()]).toEqual([403, problem(/another station/)])
  expect((await one(first, order.id)).state).toBe('requested')

  // Another person at another station sees own live readings, types the tag, and the field confirms.
  const second = await atDesk(browser, 'lead')
  await open(second, '/o')
  await second.getByRole('link', { name: '확인하고 서명' }).click()
  const sheet = second.getByRole('dialog')
  await expect(sheet).toContainText('두 사람 시험')
  await expect(sheet.locator('.order-checks li[data-pass=true]').first()).toBeVisible()
  const give = sheet.getByRole('button', { name: '서명', exact: true })
  await expect(give).toHaveAttribute('aria-disabled', 'true')
  await sheet.getByLabel(`${tag} 입력`).fill(tag)
  await give.click()
  await expect(sheet.locator('.order-state')).toContainText('현장에서 확인됨', { timeout: 30_000 })
  await expect(second.locator('.order-strip')).toHaveCount(0)

  const done = await one(second, order.id)
  expect(done).toMatchObject({ state: 'confirmed', by: 'safety', second: 'lead' })
  expect(done.second_station).not.toBe(done.station)
  expect(await states(second, order.id)).toEqual(['requested', 'journalled', 'accepted', 'confirmed'])
  const tries = (await journal(second, 'refusal')).filter((e) => e.subject === order.id)
  expect(tries.map((e) => e.actor).sort()).toEqual(['lead', 'safety'])
  for (const page of [first, elsewhere, second]) await page.context().close()
})

test('what nobody signs within its minute expires, moves nothing and cannot be signed later @stations', async ({
  browser,
}) => {
  const first = await atDesk(browser, 'safety')
  const second = await atDesk(browser, 'lead')
  const order = await askForWater(first, 'r7')
  await open(second, `/c/${order.id}`)
  const sheet = second.getByRole('dialog')
  await expect(sheet.locator('.order-left')).toContainText(/\d/)
  await expect(first.getByRole('dialog').locator('.order-state')).toContainText('만료됨', { timeout: 90_000 })
  await expect(sheet.locator('.order-state')).toContainText('만료됨')
  await expect(sheet.getByRole('button', { name: '서명', exact: true })).toHaveCount(0)
  const late = await sign(second, order.id, 'demo/b1/r7/io/water')
  expect([late.status(), await late.json()]).toEqual([409, problem(/does not wait any more/)])
  expect(await one(second, order.id)).toMatchObject({ state: 'expired', confirmed: null })
  expect(await states(second, order.id)).toEqual(['requested', 'expired'])
  for (const page of [first, second]) await page.context().close()
})
