import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

const part = (page: Page, name: string | RegExp) => page.getByRole('region', { name })
const hear = (page: Page, how: string) => page.request.post(`/mock/sites?hear=${how}`)

test('the sites screen shows where the service is and the way it would go @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/o')
  await page.getByRole('navigation', { name: '화면' }).getByRole('link', { name: '센터 현황' }).click()
  await expect(page).toHaveURL(/\/sites$/)
  await expect(page.locator('.building')).toHaveCount(3)
  await expect(page.locator('.building').nth(2)).toContainText('여기')
  await expect(page.locator('.lane').first()).toContainText(
    /판교 1센터에서 서비스 중.*판교 1센터 → 안산 2센터/s,
  )
  await expect(part(page, '전체 상태')).toContainText('쓸 수 있음')
})

test('a site that burned and fell silent says so, counts on, and shows the last that came from it @mock', async ({
  page,
}) => {
  await logIn(page, 'tower')
  await scene(page, 'declared')
  await hear(page, 'silent')
  await open(page, '/sites')
  const first = page.locator('.building').first()
  await expect(first).toContainText('침묵')
  await expect(first).toContainText(/\d+초 전 수신/)
  const card = part(page, /판교 1센터/)
  await expect(card.getByRole('status')).toContainText('마지막 신호의 내용: demo/b1 at S3 with 2 votes')
  await expect(card).toContainText(/S3.*동의 2/s)
  await expect(card).toContainText('UPS 구역 상실')
  await expect(page.locator('.last-words .entry').first()).toBeVisible()
  // Without an answer the ages go on, and the screen says that it is old.
  await page.route('**/api/v1/sites', (route) => route.abort())
  await expect(part(page, '전체 상태').getByRole('status')).toContainText('응답하지 않습니다', {
    timeout: 30_000,
  })
  await expect(first).toContainText(/(1[89]|[2-9]\d)초 전 수신/, { timeout: 30_000 })
})

test('a cut-off desk says what it does not know @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await scene(page, 'no-quorum')
  await open(page, '/sites')
  await expect(part(page, '전체 상태')).toContainText('정족수 없음: 읽기 전용')
  await expect(page.locator('.building').first()).toContainText('알 수 없음')
  await expect(page.locator('.building').nth(2)).toContainText('여기')
})

test('files that differ between the sites are named with who has what @mock', async ({ page }) => {
  await logIn(page)
  await hear(page, 'differ')
  await open(page, '/sites')
  await expect(part(page, '전체 상태').getByRole('status')).toContainText(/roster\.yaml.*n3: 9d1177aa0c41/s)
})

test('a site without others shows itself @mock', async ({ page }) => {
  await logIn(page)
  await scene(page, 'none')
  await open(page, '/sites')
  await expect(page.locator('.building')).toHaveCount(1)
  await expect(part(page, '전체 상태')).toContainText('이 건물만')
})
