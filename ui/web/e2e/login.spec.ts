import { AxeBuilder } from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { fresh, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

test('a wrong password is refused in words, the right one opens the overview @mock @real', async ({
  page,
}) => {
  await page.goto('/')
  await expect(page.getByRole('heading', { name: '봉수' })).toBeVisible()
  await page.getByLabel('아이디').fill('operator')
  await page.getByLabel('비밀번호').fill('not-it')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('alert')).toContainText('맞지 않습니다')
  await page.getByLabel('비밀번호').fill('bongsu-demo')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('heading', { name: '종합 현황' })).toBeVisible()
  await page.getByRole('button', { name: '로그아웃' }).click()
  await expect(page.getByLabel('아이디')).toBeVisible()
})

const enter = async (page: Page, user: string) => {
  await page.goto('/')
  await page.getByLabel('아이디').fill(user)
  await page.getByLabel('비밀번호').fill('bongsu-demo')
  await page.getByRole('button', { name: '로그인' }).click()
}

test('who has a second factor is asked for its code, and a wrong one opens nothing @mock', async ({
  page,
}) => {
  await enter(page, 'deputy')
  const code = page.getByLabel(/^확인 코드/)
  await expect(code).toBeFocused()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await code.fill('135790')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('alert')).toContainText('코드가 맞지 않거나')
  expect((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)).toEqual([])
  await code.fill('246810')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('heading', { name: '종합 현황' })).toBeVisible()
})

test('a recovery code opens where the phone is lost @mock', async ({ page }) => {
  await enter(page, 'deputy')
  await page.getByLabel(/^확인 코드/).fill('ABCD-EFGH-JKMN-PQR3')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('heading', { name: '종합 현황' })).toBeVisible()
})

test('whose role takes a second factor enrols it before anything else opens @mock', async ({ page }) => {
  await enter(page, 'newcomer')
  await expect(page.getByRole('heading', { name: '2단계 인증 등록' })).toBeVisible()
  await page.goto('/e')
  await expect(page.getByRole('heading', { name: '2단계 인증 등록' })).toBeVisible()
  await page.getByLabel('지금 비밀번호').fill('bongsu-demo')
  await page.getByRole('button', { name: '다음' }).click()
  await expect(page.getByRole('img', { name: /QR/ })).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations.map((v) => v.id)).toEqual([])
  await page.getByLabel(/여섯 자리/).fill('123456')
  await page.getByRole('button', { name: '확인하고 켜기' }).click()
  await expect(page.getByText('ABCD-EFGH-JKMN-PQR3')).toBeVisible()
  await page.getByRole('button', { name: '보관했습니다' }).click()
  await expect(page.getByRole('group', { name: '단선결선도' })).toBeVisible()
})

test('a page that an update took a part of says so, asks again and is loaded anew @mock', async ({
  page,
}) => {
  await page.route(/\/assets\/login-.*\.js$/, (r) => r.abort())
  await page.goto('/login')
  const again = page.getByRole('button', { name: '다시 시도' })
  await again.click() // it is still not there
  await expect(again).toBeVisible()
  await page.unroute(/\/assets\/login-.*\.js$/)
  await again.click()
  await expect(page.getByLabel('아이디')).toBeVisible()
})
