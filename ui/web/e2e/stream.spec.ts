import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
  await logIn(page)
})

/** Notes the banners of the connection as they come: a busy machine may look only when the next one stands there. */
async function banners(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = []
    const note = () => {
      for (const b of document.querySelectorAll<HTMLElement>('.banner[data-kind]')) {
        const kind = b.dataset.kind ?? ''
        const told = kind !== 'recovered' || b.textContent.includes('다시 연결됨')
        if (['late', 'lost', 'recovered'].includes(kind) && told && seen.at(-1) !== kind) seen.push(kind)
      }
      document.documentElement.dataset.banners = seen.join(' ')
    }
    new MutationObserver(note).observe(document.body, {
      childList: true,
      subtree: true,
      attributeFilter: ['data-kind'],
    })
  })
  return () => page.evaluate(() => (document.documentElement.dataset.banners ?? '').split(' '))
}

test('a frozen server is late at 3 s and lost at 10 s; then all looks stale and controls are off @mock', async ({
  page,
}) => {
  await open(page, '/o')
  const shown = await banners(page)
  await page.request.post('/mock/freeze')
  await expect(page.locator('.banner[data-kind=lost]')).toContainText('연결 끊김')
  expect((await shown()).slice(-2)).toEqual(['late', 'lost'])
  await expect(page.locator('.tile .q[data-look=stale]').first()).toBeVisible()
  await expect(page.locator('main')).toHaveAttribute('inert', '')
  await expect(page.locator('.newest').getByRole('button', { name: '확인' })).toHaveAttribute(
    'aria-disabled',
    'true',
  )
  await expect(page.getByRole('button', { name: '소리 끄기' })).toBeEnabled()
  await expect(page.getByRole('button', { name: '로그아웃' })).toBeEnabled()
  await page.request.post('/mock/thaw')
  await expect(page.locator('.banner[data-kind=lost]')).toBeHidden()
  await expect.poll(async () => (await shown()).at(-1)).toBe('recovered')
  await expect(page.locator('main')).not.toHaveAttribute('inert')
})

test('a stream that never comes is lost within ten seconds and comes back when it can @mock @real', async ({
  page,
}) => {
  await page.route('**/api/v1/live**', (route) => route.abort())
  await page.goto('/o')
  await expect(page.locator('.banner[data-kind=lost]')).toContainText('연결 끊김')
  await expect(page.locator('html')).toHaveAttribute('data-stream', 'lost')
  await page.unroute('**/api/v1/live**')
  await expect(page.locator('.stream')).toHaveAttribute('data-state', 'live')
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
  await expect.poll(() => streams.some((v) => v !== 'continuity')).toBe(true)
  await expect(second.locator('.stream')).toHaveAttribute('data-state', 'live')
  expect(new Set(streams).size).toBe(streams.length)
})
