import { expect, test, type Browser, type Page } from '@playwright/test'
import { fresh, logIn, open, station, type Lang, type Theme } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
})

const openOrder = async (page: Page, name: string) => {
  await open(page, '/c')
  await page.getByRole('button', { name: new RegExp(`명령 열기: ${name}`) }).click()
  return page.getByRole('dialog')
}

/** Another person at another browser. */
async function other(browser: Browser, user: string): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await station(page)
  await logIn(page, user)
  return page
}

test('a set-point shows old and new, keeps its limits and takes a reason @mock', async ({ page }) => {
  await logIn(page)
  const dialog = await openOrder(page, '냉수 설정 온도')
  await expect(dialog.getByRole('button', { name: '취소' })).toBeFocused()
  const send = dialog.getByRole('button', { name: '냉수 설정 온도' })
  await dialog.getByLabel('사유').fill('부하 감소')
  await dialog.getByLabel(/값 \(현재 7/).fill('16')
  await expect(send).toHaveAttribute('aria-disabled', 'true')
  await dialog.getByLabel(/값 \(현재 7/).fill('8.5')
  await send.click()
  await expect(dialog.locator('.order-state')).toContainText('현장에서 확인됨')
})

test('starting equipment is armed, then held; a short press and Enter do nothing @mock', async ({ page }) => {
  await logIn(page)
  const dialog = await openOrder(page, '냉동기 기동')
  await dialog.getByLabel('사유').fill('부하 증가')
  const arm = dialog.getByRole('button', { name: /준비/ })
  await arm.focus()
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('button', { name: /누르고/ })).toBeHidden()
  await arm.click()
  const hold = dialog.getByRole('button', { name: /누르고/ })
  await hold.click()
  await expect(dialog.locator('.order-progress')).toBeHidden()
  await hold.hover()
  await page.mouse.down()
  await expect(dialog.locator('.order-progress')).toBeVisible()
  await page.mouse.up()
})

test('an interlock that does not hold stands there with its value, and nothing can be pressed @mock', async ({
  page,
}) => {
  await logIn(page)
  const dialog = await openOrder(page, '냉동기 고장 복귀')
  await expect(dialog.locator('.order-checks li[data-pass=false]')).toContainText('0.4 L/s')
  await dialog.getByLabel('사유').fill('x')
  await expect(dialog.getByRole('button', { name: /준비/ })).toHaveAttribute('aria-disabled', 'true')
})

test('two people release gas at two stations @mock', async ({ page, browser }) => {
  await logIn(page, 'safety')
  await open(page, '/b')
  await page.getByRole('button', { name: '소화가스 방출', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('사유').fill('현장 확인')
  await dialog.getByLabel('B1 입력').fill('B1')
  await dialog.getByLabel('내 비밀번호 다시 입력').fill('bongsu-demo')
  await dialog.getByRole('button', { name: '소화가스 방출' }).click()
  await expect(page.locator('.order-strip')).toContainText('두 번째 사람 대기')
  const second = await other(browser, 'lead')
  await open(second, '/o')
  await second.getByRole('link', { name: '확인하고 서명' }).click()
  const sheet = second.getByRole('dialog')
  await expect(sheet).toContainText('현장 확인')
  const sign = sheet.getByRole('button', { name: '서명', exact: true })
  await expect(sign).toHaveAttribute('aria-disabled', 'true')
  await sheet.getByLabel('B1 입력').fill('B1')
  await sign.click()
  await expect(sheet.locator('.order-state')).toContainText('현장에서 확인됨')
  await expect(page.locator('.order-strip')).toBeHidden()
  await second.context().close()
})

test('whoever sees it can abort what waits, from another station @mock', async ({ page, browser }) => {
  await logIn(page, 'safety')
  const dialog = await openOrder(page, '냉각수 주수')
  await dialog.getByLabel('사유').fill('시험')
  await dialog.getByLabel(/water 입력/).fill('demo/b1/r3/io/water')
  await dialog.getByLabel('내 비밀번호 다시 입력').fill('bongsu-demo')
  await dialog.getByRole('button', { name: /요청/ }).click()
  await expect(dialog.locator('.order-state')).toContainText('두 번째 사람을 기다림')
  const second = await other(browser, 'operator')
  await open(second, '/o')
  await expect(second.getByRole('link', { name: '확인하고 서명' })).toBeHidden()
  await second.locator('.order-strip').getByRole('button', { name: '중단' }).click()
  await expect(dialog.locator('.order-state')).toContainText('중단됨')
  await second.context().close()
})

const looks: [Lang, Theme, number, number][] = [
  ['ko', 'light', 1440, 900],
  ['en', 'dark', 1440, 900],
  ['ko', 'dark', 390, 844],
  ['en', 'light', 390, 844],
]

for (const [lang, theme, width, height] of looks)
  test(`the dialogs fit a screen of ${width} in ${lang}, ${theme} @mock`, async ({ page }) => {
    await station(page, lang, theme)
    await page.setViewportSize({ width, height })
    await logIn(page, 'lead')
    await open(page, '/c')
    for (const id of ['demo/c1/set', 'demo/c1/start', 'demo/c1/reset', 'demo/cb/open']) {
      await page.getByRole('button', { name: new RegExp(`${id}$`) }).click()
      const dialog = page.getByRole('dialog')
      await expect(dialog.locator('.order-checks li').first()).toBeVisible()
      const wide = await dialog.evaluate((e) => e.scrollWidth - e.clientWidth)
      expect(wide).toBeLessThanOrEqual(1)
      if (process.env.BONGSU_SHOTS)
        await page.screenshot({
          path: `${process.env.BONGSU_SHOTS}/${id.replaceAll('/', '-')}-${lang}-${theme}-${width}.png`,
        })
      await dialog.getByRole('button', { name: lang === 'ko' ? '취소' : 'Cancel' }).click()
    }
    if (process.env.BONGSU_SHOTS)
      await page.screenshot({ path: `${process.env.BONGSU_SHOTS}/page-${lang}-${theme}-${width}.png` })
  })
