import { expect, test } from '@playwright/test'
import { fresh, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
  await logIn(page)
})

test('the overview shows live values with units and the site clock @mock @real', async ({ page }) => {
  await open(page, '/o')
  const feed = page.getByRole('region', { name: /수전 A/ })
  await expect(feed).toContainText(/부하 공급 중/)
  await expect(feed).toContainText(/[\d.]+ ?kW/)
  await expect(page.getByRole('region', { name: 'UPS A' })).toContainText(/[\d.]+ ?분/)
  await expect(page.getByRole('region', { name: /최고 흡기 온도/ })).toContainText(/\d+\.\d ?℃/)
  await expect(page.locator('.floor g')).toHaveCount(40)
  await expect(page.locator('.clock')).toContainText(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d KST/)
  const before = await page.locator('.clock-time').textContent()
  await expect(page.locator('.clock-time')).not.toHaveText(before ?? '')
})

test('language and theme change with one press and stay @mock @real', async ({ page }) => {
  const home = page
  await open(home, '/o')
  await page.evaluate(() => localStorage.removeItem('bongsu-station'))
  await page.getByRole('button', { name: 'English' }).click()
  await expect(page.getByRole('heading', { name: 'Overview' })).toBeVisible()
  await expect(page.locator('html')).toHaveAttribute('lang', 'en')
  await page.getByRole('button', { name: 'Dark' }).click()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  const kept = await page.evaluate(() => localStorage.getItem('bongsu-station'))
  expect(kept).toContain('"lang":"en"')
  expect(kept).toContain('"theme":"dark"')
})

test('no screen breaks the content policy or logs an error @mock @real', async ({ page }) => {
  const faults: string[] = []
  page.on('console', (m) => {
    if (m.type() === 'error') faults.push(m.text())
  })
  page.on('pageerror', (e) => faults.push(e.message))
  for (const path of ['/o', '/b', '/e', '/cool', '/a', '/c', '/t', '/j', '/s', '/sim']) await open(page, path)
  expect(faults).toEqual([])
})
