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
  for (const path of ['/o', '/b', '/a', '/t', '/j', '/sim']) await open(page, path)
  expect(faults).toEqual([])
})

test('an administrator looks at the plan of a changed site before it is reloaded @mock', async ({ page }) => {
  const asked: boolean[] = []
  let refuse = true
  const report = {
    state: 'planned',
    by: 'admin',
    from: 'mock',
    to: '5f959c008044c35b',
    reach: 'rules',
    links: [],
    rules: ['inlet-32'],
    fire: false,
    changes: ['alarm inlet-32 changed: limit: 32 -> 31'],
    more: 0,
    refused: [] as string[],
    faults: [] as unknown[],
  }
  await page.route('**/api/v1/site/reload', async (route) => {
    const dry = (route.request().postDataJSON() as { dry_run: boolean }).dry_run
    asked.push(dry)
    const from = (await page.locator('.setup-revision').textContent()) ?? ''
    if (refuse) {
      const faults = [
        {
          file: 'sites/demo/site.yaml',
          line: 12,
          col: 5,
          path: 'alarms[3].kind',
          text: '"hihg" is no kind',
          warning: false,
        },
      ]
      const refused = {
        ...report,
        from,
        to: '',
        changes: [],
        refused: ['the files are faulty: nothing was changed'],
        faults,
      }
      return route.fulfill({ json: refused })
    }
    return route.fulfill({ json: { ...report, from, state: dry ? 'planned' : 'done' } })
  })
  await logIn(page, 'admin')
  await open(page, '/o')
  const tile = page.getByRole('region', { name: '구성' })
  const reload = tile.getByRole('button', { name: '지금 적용' })
  await expect(reload).toHaveAttribute('aria-disabled', 'true')
  await tile.getByRole('button', { name: '변경 내용 확인' }).click()
  await expect(tile).toContainText('sites/demo/site.yaml:12:5: alarms[3].kind')
  await expect(reload).toHaveAttribute('aria-disabled', 'true')
  refuse = false
  await tile.getByRole('button', { name: '변경 내용 확인' }).click()
  await expect(tile).toContainText('limit: 32 -> 31')
  await reload.click()
  await expect(tile).toContainText('적용했습니다')
  expect(asked).toEqual([true, true, false])
  await logIn(page, 'operator')
  await open(page, '/o')
  await expect(tile).toHaveCount(0)
})
