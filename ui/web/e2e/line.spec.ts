import { expect, test } from '@playwright/test'
import { fresh, isMock, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
  await logIn(page)
})

test('the power path says in words how each place stands, and what opening it takes along @mock @real', async ({
  page,
}) => {
  await open(page, '/o')
  await page.getByRole('navigation').getByRole('link', { name: '전력' }).click()
  const drawing = page.getByRole('group', { name: '단선결선도' })
  const feed = drawing.getByRole('button', { name: /^수전 A/ })
  await expect(feed).toHaveAccessibleName(/가압/, { timeout: 60_000 })
  const batteries = drawing.getByRole('button', { name: /배터리, / })
  await batteries.press('Enter')
  await expect(batteries).toHaveAttribute('aria-pressed', 'true')
  const chosen = page.getByRole('region', { name: /배터리$/ })
  await expect(chosen.getByRole('button', { name: /배터리 랙 R1/ })).toBeVisible()
  await expect(chosen).toContainText(/개방할 차단기|차단기/)
  if (isMock) await expect(batteries).toHaveAccessibleName(/경보 2건/)
})

test('on battery the picture says so, and a dead server is not mistaken for a dead bus @mock', async ({
  page,
}) => {
  await page.request.post('/mock/power?dark=1')
  await open(page, '/e')
  const drawing = page.getByRole('group', { name: '단선결선도' })
  await expect(drawing.getByRole('button', { name: /^수전 A/ })).toHaveAccessibleName(/정전/)
  await expect(drawing.getByRole('button', { name: /^UPS A 구역, / })).toHaveAccessibleName(
    /배터리 급전.*14분/,
  )
  await expect(drawing.getByRole('button', { name: /^분전반 B/ })).toHaveAccessibleName(/알 수 없음/)
  await page.route('**/api/v1/single-line*', (route) => route.abort())
  await expect(page.getByText('마지막으로 알려진 상태')).toBeVisible({ timeout: 30_000 })
  await expect(drawing.getByRole('button', { name: /^UPS A 구역, / })).toHaveAccessibleName(/배터리 급전.*⌛/)
})

test('one isolated rack is told as one, and the box keeps the state of the others @mock', async ({
  page,
}) => {
  await page.request.post('/mock/power?isolated=1')
  await open(page, '/e')
  const drawing = page.getByRole('group', { name: '단선결선도' })
  const batteries = drawing.getByRole('button', { name: /배터리, / })
  await expect(batteries).toHaveAccessibleName(/가압, 8랙 중 1랙 차단/)
  await expect(batteries).not.toHaveAccessibleName(/배터리 급전/)
  await batteries.press('Enter')
  const chosen = page.getByRole('region', { name: /배터리$/ })
  await expect(chosen.getByRole('button', { name: /^⊘ / })).toHaveCount(1)
  await page.request.post('/mock/power?isolated=1&unproven=1')
  await expect(batteries).toHaveAccessibleName(/8랙 중 1 차단, 1 모름/)
})

test('an isolated rack is told in English too @mock', async ({ page }) => {
  await station(page, 'en')
  await page.request.post('/mock/power?isolated=1')
  await open(page, '/e')
  await expect(page.getByRole('button', { name: /^Batteries of .*1 of 8 racks isolated/ })).toBeVisible()
})

test('on a phone the drawing scrolls in its own place, and the table says the same @mock', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open(page, '/e')
  await page.getByText('표로 보기').click()
  await expect(page.getByRole('row', { name: /분전반 C/ })).toContainText('정전')
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})
