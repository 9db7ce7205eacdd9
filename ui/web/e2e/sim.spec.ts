import { expect, test } from '@playwright/test'
import { fresh, logIn, open, station } from './steps'

test.beforeEach(async ({ page }) => {
  await fresh(page)
  await station(page)
  await logIn(page)
})

test('a scenario is started, watched, paused, stepped and stopped @mock', async ({ page }) => {
  await open(page, '/sim')
  await page.getByRole('button', { name: '시작: 배터리 화재' }).click()
  const running = page.getByRole('region', { name: '진행 상태' })
  await expect(running.getByRole('progressbar')).toBeVisible()
  await expect(running).toContainText('/ 5:00')
  await expect(running).toContainText('소방이 지휘를 넘겨받습니다')
  await expect(running).toContainText('사람이 할 일')

  const checks = page.getByRole('region', { name: '기대와 결과' })
  await expect(checks.locator('li[data-verdict="met"]')).toContainText('명령 R3.ISOLATE')
  await expect(checks.locator('li[data-verdict="failed"]')).toContainText('R1.WATER')

  await expect(running.getByRole('button', { name: '10초 진행' })).toHaveAttribute('aria-disabled', 'true')
  await running.getByRole('button', { name: '일시 정지' }).click()
  await expect(running).toContainText('명령의 시한은 지나갑니다')
  const step = page.waitForRequest((r) => r.url().endsWith('/sim/step'))
  await running.getByRole('button', { name: '10초 진행' }).click()
  expect((await step).postDataJSON()).toEqual({ seconds: 10 })
  await running.getByRole('button', { name: '계속' }).click()
  await expect(running.getByRole('button', { name: '일시 정지' })).toBeVisible()

  await running.getByRole('button', { name: '속도 10배' }).click()
  await expect(running.getByRole('button', { name: '속도 10배' })).toHaveAttribute('aria-pressed', 'true')
  await running.getByRole('button', { name: '끝내고 세계 복원' }).click()
  await expect(running.getByRole('progressbar')).toHaveCount(0)
})

test('on a phone the simulator needs no sideways scrolling @mock', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await open(page, '/sim')
  await page.getByRole('button', { name: '시작: 배터리 화재' }).click()
  await expect(page.getByRole('region', { name: '기대와 결과' })).toBeVisible()
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wide).toBeLessThanOrEqual(0)
})
