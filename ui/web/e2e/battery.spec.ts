import { expect, test, type Page } from '@playwright/test'
import { fresh, isMock, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

async function start(page: Page, name: RegExp): Promise<void> {
  await open(page, '/sim')
  const stop = page.getByRole('button', { name: /^정지/ })
  if (await stop.isVisible()) await stop.click()
  const button = page.getByRole('button', { name })
  await expect(button).not.toHaveAttribute('aria-disabled')
  await button.click()
  await expect(page.getByRole('button', { name: /^정지/ })).toBeVisible()
}

test('a battery fire started from the panel climbs the ladder, each command confirmed by feedback @mock @real', async ({
  page,
}) => {
  test.slow()
  await logIn(page)
  await start(page, /^시작: 배터리 화재$/)
  await page.getByRole('link', { name: '배터리실' }).first().click()
  const patience = { timeout: 200_000 }
  const stage = page.locator('.room-head .stage')
  for (const code of ['S1', 'S2', 'S3', 'S4']) {
    const reached = new RegExp(`^(${['S1', 'S2', 'S3', 'S4', 'S5A'].slice(Number(code[1]) - 1).join('|')})`)
    await expect(stage).toHaveText(reached, patience)
  }
  const ladder = page.locator('.area-ladder')
  for (const name of ['ISOLATE', 'CURTAIN', 'PATCH', 'WATER'])
    await expect(ladder.locator(`[data-name=${name}]`)).toHaveAttribute('data-look', 'confirmed', patience)
  await expect(ladder.locator('[data-rung=water]')).toHaveAttribute('data-lit', '1')
  const isolate = page.locator('.actuators tr', { hasText: '전원 격리' }).first()
  await expect(isolate).toContainText('확인')
  await expect(page.locator('.heat-cell[aria-pressed=true]')).toContainText(/R3/)
  await page.getByRole('link', { name: '기록' }).click()
  await expect(page.locator('.entry-text', { hasText: /SP → S1/ }).first()).toBeVisible()
  if (isMock) return
  await page.getByRole('link', { name: '시뮬레이터' }).click()
  await page.getByRole('button', { name: /^정지/ }).click()
})

test('a command without feedback is drawn as a disagreement with its seconds @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/fire?at=19')
  await open(page, '/b')
  const nozzle = page.locator('.area-ladder [data-name=NOZZLE]')
  await expect(nozzle).toHaveAttribute('data-look', 'mismatch')
  await expect(nozzle).toContainText(/불일치 \d+초/)
})

test('the countdown to gas says why it is held @mock', async ({ page }) => {
  await logIn(page)
  await page.request.post('/mock/fire?at=35&still=1')
  await open(page, '/b')
  await expect(page.locator('.countdown')).toContainText('멈춤: 사람이 안에 있음')
})

test('a dangerous act names its asset, starts on cancel, and Enter never confirms it @mock', async ({
  page,
}) => {
  await logIn(page, 'safety')
  await open(page, '/b')
  await page.getByRole('button', { name: '소화가스 방출', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('대상: B1')
  await expect(dialog.getByRole('button', { name: '취소' })).toBeFocused()
  const confirm = dialog.getByRole('button', { name: '소화가스 방출' })
  await expect(confirm).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel('사유').fill('현장 확인')
  await dialog.getByLabel('B1 입력').fill('B1')
  await dialog.getByLabel('내 비밀번호 다시 입력').fill('wrong')
  await expect(confirm).not.toHaveAttribute('aria-disabled')
  let asked = 0
  page.on('request', (r) => (asked += r.url().includes('/release') ? 1 : 0))
  await confirm.focus()
  await page.keyboard.press('Enter')
  expect(asked).toBe(0)
  await confirm.click()
  await expect(dialog.getByRole('alert')).toContainText('password is wrong')
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await expect(page.getByRole('button', { name: '소화가스 방출', exact: true })).toBeFocused()
})
