import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

const care = (page: Page) => page.getByRole('region', { name: '훈련, 시험, 감시' })

/** How many alarms wait, once the mock's first ones are there. */
async function unacked(page: Page): Promise<string | null> {
  const tab = page.getByRole('button', { name: /^미확인 / })
  await expect(tab).toContainText(/[1-9]/)
  return tab.textContent()
}

test('a drill is begun in the room, seen on every screen, and ended with one press @mock', async ({
  page,
}) => {
  await logIn(page, 'safety')
  await open(page, '/a')
  const before = await unacked(page)
  await open(page, '/b')
  await care(page).getByRole('button', { name: '훈련 시작' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('실제 장치는 움직이지 않습니다')
  await dialog.getByLabel(/가상으로 뜨거워질 랙/).selectOption('R3')
  await dialog.getByRole('button', { name: '훈련 시작' }).click()
  await expect(page.locator('.drill-strip')).toContainText('훈련: B1 · safety')
  await expect(care(page)).toContainText('훈련 단계')
  await open(page, '/o')
  await expect(page.locator('.drill-strip')).toContainText('실제 상황 아님')
  await expect(page.locator('.drill-strip')).toContainText('전원 격리, 방화막 (R3)')
  await expect(page.locator(':root')).toHaveAttribute('data-drill', '1')
  await open(page, '/a')
  const listed = page.getByRole('region', { name: /^훈련 경보: 실제 아님/ })
  await expect(listed.getByRole('listitem')).toContainText(['훈련 DRILL'])
  await expect(listed).toContainText('1단계 60 ℃')
  expect(await unacked(page)).toBe(before)
  await open(page, '/b')
  await page.getByRole('button', { name: '소화가스 방출', exact: true }).click()
  await expect(page.getByRole('dialog')).toContainText('실제로는 아무것도 작동하지 않습니다')
  await page.keyboard.press('Escape')
  await care(page).getByRole('button', { name: '훈련 종료' }).click()
  await expect(page.locator('.drill-strip')).toBeHidden()
})

test('a drill is spoken with its mark and its end too, and a real alarm breaks in @mock', async ({
  page,
}) => {
  await logIn(page, 'safety')
  await open(page, '/o')
  const spoken = page.locator('[aria-live=polite]', { hasText: '훈련' })
  await expect(spoken).toHaveCount(0)
  await page.request.post('/api/v1/fire/rooms/B1/drill', { data: { minutes: 5, rack: 'R3' } })
  await expect(spoken).toContainText('훈련, 실제 상황 아님: 1단계 60 ℃')
  await expect(page).toHaveTitle(/^\[훈련 DRILL\]/)
  await page.request.post('/mock/fire?at=30')
  await expect(page.locator('.drill-real')).toContainText('실제 상황 REAL')
  await page.request.post('/api/v1/fire/rooms/B1/end-drill', { data: {} })
  await expect(spoken).toContainText('훈련이 끝났습니다')
  await expect(page).not.toHaveTitle(/훈련/)
})

test('a proof test shows what it still must see, and cannot be recorded as passed before @mock', async ({
  page,
}) => {
  await logIn(page, 'facilities')
  await open(page, '/b')
  await expect(care(page)).toContainText('기한 지남')
  await care(page).getByRole('button', { name: '시험 시작' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '시험 시작' }).click()
  await expect(care(page)).toContainText('아직 안 보임')
  await care(page)
    .getByRole('button', { name: /^결과 기록/ })
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/무엇으로/).fill('연기 스프레이')
  await dialog.getByRole('button', { name: '결과 기록' }).click()
  await expect(dialog.getByRole('alert')).toContainText('not seen yet')
  await dialog.getByLabel('결과').selectOption('failed')
  await dialog.getByRole('button', { name: '결과 기록' }).click()
  await expect(care(page)).not.toContainText('아직 안 보임')
})

test('after a fire somebody records a round, and who may not begin a drill reads why @mock', async ({
  page,
}) => {
  await logIn(page)
  await page.request.post('/mock/fire?at=30')
  await open(page, '/b')
  await care(page).getByRole('button', { name: '순찰 기록' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('본 것').selectOption('sign')
  await dialog.getByRole('button', { name: '순찰 기록' }).click()
  await expect(care(page).locator('li[data-bad]').first()).toContainText('연기, 열 또는 냄새')
  const drill = care(page).getByRole('button', { name: '훈련 시작' })
  await expect(drill).toHaveAttribute('aria-disabled', 'true')
  await expect(drill).toHaveAttribute('title', /소방안전관리자/)
})

test('the sheet for the fire authority says what burns and prints on one page @mock', async ({ page }) => {
  await logIn(page, 'authority')
  await page.request.post('/mock/fire?at=30')
  await open(page, '/b')
  await page.getByRole('link', { name: '소방 인계서' }).click()
  const sheet = page.locator('.sheet')
  await expect(sheet.getByRole('row', { name: /^R3/ })).toContainText('격리 확인')
  await expect(sheet).toContainText('하지 말아야 할 것')
  await expect(sheet).toContainText('가득 찰 때까지 34분')
  const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true })
  expect(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)).toHaveLength(1)
})

test('the dialog of an isolation says what it takes along and who is told @mock', async ({ page }) => {
  await logIn(page, 'lead')
  await open(page, '/c')
  await page.getByRole('button', { name: /명령 열기: 차단기 개방/ }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.locator('.isolation')).toContainText('차단기')
  await expect(dialog).toContainText('지금 콘솔을 보고 있는 사람: 교대 조장')
  await expect(dialog).toContainText('실패하면 경보를 받는 사람: 소방안전관리자')
})
