import { expect, test } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

test('the board shows what each data center is, and unknown as unknown @mock', async ({ page }) => {
  await logIn(page)
  await scene(page, 'hold')
  await open(page, '/f')
  const row = page.getByRole('row', { name: /messaging/ })
  await expect(row.locator('.cell')).toContainText([
    /읽기 전용.*세대 7/s,
    /대기.*5건 뒤처짐/s,
    /알 수 없음.*마지막: 대기/s,
  ])
  await expect(page.getByRole('columnheader', { name: /세종 3센터/ })).toContainText('? 알 수 없음')
  await expect(page.getByRole('columnheader', { name: /판교 1센터/ })).toContainText('B1: 3단계')
  await scene(page, 'complete')
  await expect(row.locator('.cell')).toContainText([/중단.*마지막: 읽기 전용/s, /주/, /대기/])
})

test('a halt is large, says why, and explains every way out @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await scene(page, 'hold')
  await open(page, '/f')
  const run = page.getByRole('region', { name: /전환 talk/ })
  await expect(run.locator('.way [aria-current=step]')).toContainText('자료 확인')
  await expect(run.locator('.way [data-look=done]')).toHaveCount(4)
  await expect(run.locator('.halt-why')).toHaveText('messaging: 기록 48219 중 48211까지 있음')
  await expect(run).toContainText('사전 명령 so-2026-1 (서명: 김대표, 박인프라)')
  await expect(run.getByRole('list', { name: '나가는 길' }).getByRole('listitem')).toHaveCount(4)
  await run.getByRole('button', { name: '이어 가기' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('talk 입력').fill('talk')
  await dialog.getByRole('button', { name: '이어 가기' }).click()
  await expect(dialog.getByRole('alert')).toContainText('막은 조건이 아직 풀리지 않았습니다')
  await page.keyboard.press('Escape')
  await expect(run).toHaveAttribute('data-state', 'HOLD')
})

test('an override waits for the second person at another station, then the run goes on @mock', async ({
  page,
  browser,
}) => {
  await logIn(page, 'tower')
  await scene(page, 'hold')
  await open(page, '/f')
  await page.getByRole('button', { name: '두 사람 책임으로 통과' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('사유').fill('다섯 건의 손실을 받아들임')
  await dialog.getByLabel('talk 입력').fill('talk')
  await dialog.getByRole('button', { name: '두 사람 책임으로 통과' }).click()
  await expect(page.getByRole('status').filter({ hasText: '두 번째 사람을 기다립니다' })).toBeVisible()
  const waiting = page.getByRole('region', { name: /두 번째 사람을 기다림/ })
  await expect(waiting).toContainText('다섯 건의 손실을 받아들임')
  await expect(waiting.getByRole('button')).toHaveAttribute('aria-disabled', 'true')
  await expect(page.getByRole('region', { name: /전환 talk/ })).toHaveAttribute('data-state', 'HOLD')

  const other = await browser.newContext()
  const second = await other.newPage()
  await station(second)
  await logIn(second, 'member')
  await open(second, '/f')
  await second.getByRole('button', { name: /두 번째 서명/ }).click()
  await expect(second.getByRole('dialog')).toContainText('사유: 다섯 건의 손실을 받아들임')
  await second.getByLabel('talk 입력').fill('talk')
  await second
    .getByRole('dialog')
    .getByRole('button', { name: /두 번째 서명/ })
    .click()
  await expect(page.getByRole('region', { name: /전환 talk/ })).toHaveAttribute('data-state', 'PROMOTING')
  await expect(page.locator('[data-act=intended]')).toContainText('승격')
  await other.close()
})

test('only the control tower may move a run; others see why @mock', async ({ page }) => {
  await logIn(page, 'pr')
  await scene(page, 'hold')
  await open(page, '/f')
  for (const name of ['이어 가기', '포기', '자동 전환 다시 허용'])
    await expect(page.getByRole('button', { name })).toHaveAttribute('title', /관제탑/)
})

test('a planned move shows what is proven and what is not @mock', async ({ page }) => {
  await logIn(page, 'tower')
  await open(page, '/f')
  const run = page.getByRole('region', { name: /전환 talk/ })
  await run.getByText('계획된 전환과 되돌리기').click()
  await expect(run.locator('.checks [data-tri=yes]')).toHaveCount(8)
  await expect(run.locator('.order summary')).toContainText('모두 확인됨')
  const extras = page.getByRole('region', { name: /전환 extras/ })
  await extras.getByText('계획된 전환과 되돌리기').click()
  await expect(extras.locator('.checks [data-tri=no]')).toContainText([/용량/, /뒤처짐/])
})
