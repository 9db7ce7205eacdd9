import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

const faults = async (page: Page): Promise<string[]> =>
  (await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)

test('an administrator looks twice before an account goes @mock', async ({ page }) => {
  await logIn(page, 'admin')
  await open(page, '/u')
  const people = page.getByRole('region', { name: '모든 계정' })
  const row = people.getByRole('row', { name: /^operator/ })
  await expect(row).toContainText('사용 중')
  await expect(people.getByRole('row', { name: /^tower/ })).toContainText('켜짐')
  await expect(people.getByRole('button', { name: '삭제: admin' })).toHaveAttribute('aria-disabled', 'true')
  await row.getByRole('button', { name: '삭제: operator' }).click()
  const dialog = page.getByRole('dialog')
  const go = dialog.getByRole('button', { name: '삭제' })
  await expect(go).toHaveAttribute('aria-disabled', 'true')
  expect(await faults(page)).toEqual([])
  await dialog.getByLabel('확인: operator 입력').fill('operator')
  await dialog.getByLabel('관리자 본인의 비밀번호').fill('bongsu-demo')
  await go.click()
  await expect(dialog).toHaveCount(0)
})

test('a phone is enrolled by its picture, and the recovery codes stay until they are kept @mock', async ({
  page,
}) => {
  await logIn(page)
  await open(page, '/u')
  await expect(page.getByRole('region', { name: '모든 계정' })).toHaveCount(0)
  await page.getByRole('button', { name: '2단계 인증 등록' }).click()
  await page.getByLabel('지금 비밀번호').fill('bongsu-demo')
  await page.getByRole('button', { name: '다음' }).click()
  await expect(page.getByRole('img', { name: /QR/ })).toBeVisible()
  expect(await faults(page)).toEqual([])
  await page.getByLabel(/여섯 자리/).fill('123456')
  await page.getByRole('button', { name: '확인하고 켜기' }).click()
  await expect(page.getByText('ABCD-EFGH-JKMN-PQR3')).toBeVisible()
  await page.getByRole('button', { name: '보관했습니다' }).click()
  await expect(page.getByText('ABCD-EFGH-JKMN-PQR3')).toHaveCount(0)
})

test('a site that is cut off shows accounts and says why none can be changed @mock', async ({ page }) => {
  await logIn(page, 'admin')
  await scene(page, 'no-quorum')
  await open(page, '/u')
  await expect(page.getByRole('status', { name: '계정 상태' })).toContainText(
    '과반수의 사이트에 닿는 곳에서만',
  )
  await expect(page.getByRole('button', { name: '계정 추가' })).toHaveAttribute('aria-disabled', 'true')
})
