import { expect, test } from '@playwright/test'
import { fresh, logIn, open, scene, station } from './steps'

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

test('a member on a phone lands on the page for deciding, an operator on the overview @mock', async ({
  page,
}) => {
  for (const [user, path] of [
    ['chair', '/m'],
    ['operator', '/o'],
  ] as const) {
    await page.goto('/login')
    await page.getByLabel('아이디').fill(user)
    await page.getByLabel('비밀번호').fill('bongsu-demo')
    await page.getByRole('button', { name: '로그인' }).click()
    await expect(page).toHaveURL(new RegExp(`${path}$`))
    await page.getByRole('button', { name: '로그아웃' }).click()
    await expect(page.getByLabel('아이디')).toBeVisible()
  }
})

test('a summoned member reads, joins and votes with the thumb @mock', async ({ page }) => {
  await logIn(page, 'pr')
  await scene(page, 'declared')
  await open(page, '/m')
  await expect(page.getByRole('heading', { name: '배터리실 B1 화재, 2단계' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'bridge.example.com/emergency/5' })).toBeVisible()
  await page.getByRole('button', { name: '읽었습니다' }).tap()
  await expect(page.getByText('읽음으로 기록됨')).toBeVisible()
  await page.getByRole('button', { name: '상황실에 들어왔습니다' }).tap()
  await expect(page.getByText('상황실에 있음으로 기록됨')).toBeVisible()
  await page.getByRole('button', { name: '기권' }).tap()
  await expect(page.getByText('내 표: 기권')).toBeVisible()
  await expect(page.locator('.tally')).toContainText('기권 1')
  for (const button of await page.locator('.phone .button').all())
    expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44)
})

test('not to come is asked twice, and joining reads the summons first @mock', async ({ page }) => {
  await logIn(page, 'member')
  await scene(page, 'declared')
  await open(page, '/m')
  await page.getByRole('button', { name: '갈 수 없습니다' }).tap()
  await expect(page.getByText('대행이 호출되고')).toBeVisible()
  await page.getByRole('button', { name: '취소' }).tap()
  await page.getByRole('button', { name: '갈 수 없습니다' }).tap()
  await page.getByRole('button', { name: '예, 갈 수 없습니다' }).tap()
  await expect(page.getByText('갈 수 없음으로 기록됨')).toBeVisible()
  await logIn(page, 'chair')
  await open(page, '/m')
  const asked: string[] = []
  page.on('request', (r) => r.method() === 'POST' && asked.push(r.url().split('/').at(-1) ?? ''))
  await page.getByRole('button', { name: '상황실에 들어왔습니다' }).tap()
  await expect(page.getByText('상황실에 있음으로 기록됨')).toBeVisible()
  expect(asked).toEqual(['ack', 'join'])
})

test('a frozen server makes the phone say so and its buttons rest @mock', async ({ page }) => {
  test.slow()
  await logIn(page, 'pr')
  await scene(page, 'declared')
  await open(page, '/m')
  await page.request.post('/mock/freeze')
  await expect(page.locator('.banner[data-kind=lost]')).toBeVisible()
  await expect(page.locator('main')).toHaveAttribute('inert', '')
  await page.request.post('/mock/thaw')
  await expect(page.locator('.banner[data-kind=lost]')).toBeHidden()
})

test('no page is wider than a phone, in either language @mock', async ({ page }) => {
  test.slow()
  await logIn(page, 'tower')
  for (const name of ['calm', 'declared', 'hold', 'complete', 'no-quorum'] as const) {
    await scene(page, name)
    for (const path of ['/w', '/f', '/m', '/j?scope=shared', '/o']) {
      await open(page, path)
      await page.waitForTimeout(200)
      for (const lang of ['English', '한국어']) {
        if (await page.getByRole('button', { name: lang }).isVisible())
          await page.getByRole('button', { name: lang }).click()
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect({ name, path, lang, over }).toEqual({ name, path, lang, over: 0 })
      }
    }
  }
})
