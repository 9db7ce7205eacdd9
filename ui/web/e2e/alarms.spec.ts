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

test('a note is written once, read by everybody and counted on the row @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a')
  const row = page.getByRole('row', { name: /열화상 카메라 값 불량/ })
  await row.locator('[data-col=text]').click()
  const drawer = page.getByRole('complementary')
  const send = drawer.getByRole('button', { name: '메모 남기기' })
  await expect(send).toHaveAttribute('aria-disabled', 'true')
  await drawer.getByLabel('메모 쓰기').fill('렌즈에 결로. 닦고 다시 봄')
  await send.click()
  await expect(drawer.locator('.note-text')).toHaveText('렌즈에 결로. 닦고 다시 봄')
  await expect(drawer.locator('.drawer-notes')).toContainText('operator')
  await expect(drawer.getByLabel('메모 쓰기')).toHaveValue('')
  await page.keyboard.press('Escape')
  await expect(row.getByRole('img', { name: '메모 1건' })).toBeVisible()
})

test('two thousand alarms are drawn as one screenful @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/flood?n=2000')
  await open(page, '/a')
  await expect(page.getByRole('button', { name: /진행 중 200\d/ })).toBeVisible()
  expect(await page.locator('.alarm-scroll .alarm-row').count()).toBeLessThan(60)
})

test('the first rows and every count are there before the rest is, and the list says so @mock', async ({
  page,
}) => {
  await logIn(page)
  await page.request.post('/mock/flood?n=2000')
  await page.request.post('/mock/hold')
  await open(page, '/a')
  await page.getByRole('button', { name: '전체', exact: true }).click()
  const list = page.getByRole('grid', { name: '경보' })
  await expect(page.getByText(/전체 경보 200\d건 중 나머지를 받는 중/)).toBeVisible()
  await expect(page.getByRole('button', { name: /진행 중 200\d/ })).toBeVisible()
  await expect(page.getByRole('button', { name: '24시간 이상 …' })).toBeVisible()
  await expect(page.getByRole('list', { name: '우선순위별 미확인/진행 경보 수' })).toContainText(
    /100\d\/100\d/,
  )
  await expect(list).toHaveAttribute('aria-rowcount', '-1')
  const first = page.locator('[data-index="0"] [data-col=text]')
  const text = (await first.textContent()) ?? ''
  // What is looked for may be among the rest: nothing is said to be absent.
  await page.getByRole('searchbox').fill('시험 경보 1999')
  await expect(page.getByRole('status', { name: '불러오는 중' })).toBeVisible()
  await page.request.post('/mock/release')
  await expect(page.locator('.alarm-scroll .alarm-row')).toHaveCount(1)
  await page.getByRole('searchbox').fill('')
  await expect(page.getByText(/나머지를 받는 중/)).toHaveCount(0)
  await expect(list).toHaveAttribute('aria-rowcount', /200\d/)
  await expect(first).toHaveText(text)
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

test('what follows from a lost supply is folded under its cause, and one press unfolds it @mock', async ({
  page,
}) => {
  await logIn(page)
  await page.request.post('/mock/outage')
  await open(page, '/a')
  const rows = page.locator('.alarm-scroll .alarm-row')
  const fold = rows
    .filter({ hasText: '수전 절체 실패' })
    .getByRole('button', { name: /결과 경보 4건, 미확인 4건 · 최초: UPS 배터리 운전/ })
  await expect(fold).toHaveAttribute('aria-expanded', 'false')
  await expect(rows.filter({ hasText: 'UPS 배터리 곧 소진' })).toBeVisible()
  await expect(rows.filter({ hasText: '냉동기 전원 상실' })).toHaveCount(0)
  await fold.click()
  await expect(fold).toHaveAttribute('aria-expanded', 'true')
  await expect(rows.filter({ hasText: '냉동기 전원 상실' })).toHaveCount(2)
  await expect(page.locator('.alarm-row[data-below]')).toHaveCount(4)
  await fold.click()
  await expect(page.locator('.alarm-row[data-below]')).toHaveCount(0)
})

test('the quality of the alarm system is told with its limits @mock', async ({ page }) => {
  await logIn(page)
  await open(page, '/a?tab=report')
  await expect(page.getByRole('row', { name: /10분 최대/ })).toContainText('초과')
  await expect(page.getByRole('row', { name: /10분 평균/ })).toContainText('충족')
})

test('a fire alarm leaves service only when another person signs at another station @mock', async ({
  page,
  browser,
}) => {
  await page.request.post('/mock/fire?at=200')
  await logIn(page, 'facilities')
  await open(page, '/a')
  await page
    .locator('.alarm-scroll .alarm-row')
    .filter({ hasText: '3단계 80' })
    .locator('[data-col=text]')
    .click()
  const drawer = page.getByRole('complementary')
  await drawer.locator('summary').filter({ hasText: '사용 중지' }).click()
  await drawer.getByLabel('작업 지시').fill('WO-7')
  await drawer.getByLabel('대체 조치 (사유)').fill('30분마다 순찰')
  await drawer.getByRole('button', { name: '사용 중지' }).click()
  await expect(drawer.locator('.drawer-asked')).toContainText('사용 중지 요청: 두 번째 사람 대기')
  await expect(page.locator('.alarm-row .chip.asked')).toBeVisible()
  await expect(drawer.getByRole('button', { name: '사용 중지' })).toHaveAttribute('aria-disabled', 'true')
  const context = await browser.newContext()
  const second = await context.newPage()
  await station(second)
  await logIn(second, 'lead')
  await open(second, '/a')
  await second.getByRole('link', { name: '확인하고 서명' }).first().click()
  const sheet = second.getByRole('dialog')
  await expect(sheet).toContainText('30분마다 순찰')
  await expect(sheet).toContainText('WO-7')
  await sheet.getByLabel(/입력$/).fill('demo/b1/r3')
  await sheet.getByRole('button', { name: '서명', exact: true }).click()
  await expect(sheet.locator('.order-state')).toContainText('이루어짐')
  await expect(drawer.locator('.drawer-asked')).toBeHidden()
  await expect(drawer.getByRole('button', { name: '사용 재개' })).toBeVisible()
  await context.close()
})
