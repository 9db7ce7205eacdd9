import { expect, test } from '@playwright/test'
import { fresh, isMock, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

test('an alarm is acknowledged with one press and shows who did it @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a')
  const row = page.getByRole('row', { name: /열화상 카메라 값 불량/ })
  await expect(row).toContainText('미확인')
  await row.getByRole('button', { name: /^확인/ }).click()
  await expect(row.locator('[data-col=state]')).toHaveText('확인함')
  await row.locator('[data-col=text]').click()
  await expect(page.getByRole('complementary')).toContainText('operator')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('complementary')).toBeHidden()
})

test('rows stand still under the pointer, and a chip counts what waits @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a')
  const first = page.locator('.alarm-scroll .alarm-row').first()
  await first.hover()
  const text = (await first.locator('[data-col=text]').textContent()) ?? ''
  await page.request.post('/mock/fire?at=5')
  await expect(page.getByRole('button', { name: /새 경보 \d/ })).toBeVisible()
  await expect(first.locator('[data-col=text]')).toHaveText(text)
  await page.getByRole('button', { name: /새 경보/ }).click()
  await expect(page.locator('[data-index="0"] [data-col=text]')).not.toHaveText(text)
})

test('keys walk the list, acknowledge and open @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a')
  await page.keyboard.press('j')
  await expect(page.locator('.alarm-row:focus')).toHaveCount(1)
  await page.keyboard.press('a')
  await expect(page.locator('.alarm-row:focus [data-col=state]')).toHaveText('확인함')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('complementary')).toBeVisible()
})

test('two thousand alarms are drawn as one screenful @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/flood?n=2000')
  await open(page, '/a')
  await expect(page.getByRole('button', { name: /진행 중 200\d/ })).toBeVisible()
  expect(await page.locator('.alarm-scroll .alarm-row').count()).toBeLessThan(60)
})

test('who may not acknowledge sees the button and the reason @mock @real', async ({ page }) => {
  await logIn(page, 'member')
  await open(page, '/a')
  const button = page.getByRole('button', { name: /보이는 2~4순위 확인/ })
  await expect(button).toHaveAttribute('aria-disabled', 'true')
  await expect(button).toHaveAttribute('title', /권한 필요/)
  if (isMock)
    await expect(page.locator('.newest').getByRole('button', { name: '확인' })).toHaveAttribute(
      'aria-disabled',
    )
})

test('in a flood the list folds by cause, and priority 1 stays in sight @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/fire?at=200')
  await page.request.post('/mock/flood?n=300')
  await open(page, '/a')
  await expect(page.getByRole('heading', { name: /경보 폭주: 30\d건/ })).toBeVisible()
  const rows = page.locator('.alarm-scroll .alarm-row')
  await expect(rows.filter({ hasText: '3단계 80' })).toBeVisible()
  await expect(rows.filter({ hasText: '시험 경보' })).toHaveCount(0)
  await page.getByRole('button', { name: /300건/ }).click()
  await expect(rows.filter({ hasText: '시험 경보' }).first()).toBeVisible()
  await expect(rows.filter({ hasText: '3단계 80' })).toBeVisible()
})

test('the quality of the alarm system is told with its limits @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a?tab=report')
  await expect(page.getByRole('row', { name: /10분 최대/ })).toContainText('초과')
  await expect(page.getByRole('row', { name: /10분 평균/ })).toContainText('충족')
})
