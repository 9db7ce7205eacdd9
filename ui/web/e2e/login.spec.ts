import { expect, test } from '@playwright/test'
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
