import { expect, test } from '@playwright/test'
import { fresh, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
  await logIn(page)
})

test('a frozen server is late at 3 s and lost at 10 s; then all looks stale and controls are off @mock', async ({
  page,
}) => {
  await open(page, '/o')
  await page.request.post('/mock/freeze')
  await expect(page.locator('.banner[data-kind=late]')).toBeVisible({ timeout: 5000 })
  await expect(page.locator('.banner[data-kind=lost]')).toContainText('연결 끊김', { timeout: 15_000 })
  await expect(page.locator('.tile .q[data-look=stale]').first()).toBeVisible()
  await expect(page.locator('main')).toHaveAttribute('inert', '')
  await expect(page.locator('.newest').getByRole('button', { name: '확인' })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  await expect(page.getByRole('button', { name: '소리 끄기' })).toBeEnabled()
  await expect(page.getByRole('button', { name: '로그아웃' })).toBeEnabled()
  await page.request.post('/mock/thaw')
  await expect(page.locator('.banner[data-kind=recovered]')).toContainText('다시 연결됨')
  await expect(page.locator('.banner[data-kind=lost]')).toBeHidden()
  await expect(page.locator('main')).not.toHaveAttribute('inert')
})

test('a stream that never comes is lost within ten seconds and comes back when it can @mock @real', async ({
  page,
}) => {
  await page.route('**/api/v1/live**', (route) => route.abort())
  await page.goto('/o')
  await expect(page.locator('.banner[data-kind=lost]')).toContainText('연결 끊김', { timeout: 15_000 })
  await expect(page.locator('html')).toHaveAttribute('data-stream', 'lost')
  await page.unroute('**/api/v1/live**')
  await expect(page.locator('.stream')).toHaveAttribute('data-state', 'live', { timeout: 15_000 })
})

test('two tabs on one screen share one stream, and the second goes on when the first closes @mock @real', async ({
  page,
  context,
}) => {
  await open(page, '/b')
  const second = await context.newPage()
  // The screen has its stream, and the strip that stands on every page one of its own: each is shared.
  const streams: string[] = []
  second.on('request', (r) => {
    const view = /\/api\/v1\/live.*[?&]view=([^&]*)/.exec(r.url())?.[1]
    if (view) streams.push(view)
  })
  await open(second, '/b')
  await expect(second.locator('.heat-cell').first()).toContainText(/\d+\.\d/)
  expect(streams).toEqual([])
  await page.close()
  await expect.poll(() => streams.some((v) => v !== 'continuity'), { timeout: 15_000 }).toBe(true)
  await expect(second.locator('.stream')).toHaveAttribute('data-state', 'live')
  expect(new Set(streams).size).toBe(streams.length)
})
