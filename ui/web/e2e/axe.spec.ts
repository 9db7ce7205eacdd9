import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { fresh, isMock, logIn, open, scene, station, type Lang, type Theme } from './steps'

const screens = [
  '/o',
  '/b',
  '/b/B1/handover',
  '/cool',
  '/e',
  '/a',
  '/c',
  '/t',
  '/j',
  '/j?scope=shared',
  '/s',
  '/u',
  '/sim',
  '/w',
  '/f',
  '/sites',
  '/m',
]

// What a real server tells differs in its words and numbers, not in its looks: one look at it is enough.
const seenReal = (lang: Lang, theme: Theme) => (lang === 'ko' && theme === 'dark' ? ' @real' : '')

for (const lang of ['ko', 'en'] as Lang[])
  for (const theme of ['light', 'dark'] as Theme[])
    test(`every screen passes axe, ${lang} ${theme} @mock${seenReal(lang, theme)}`, async ({ page }) => {
      // axe walks every node of every page, which takes long on a busy machine.
      test.setTimeout(900_000)
      await fresh(page)
      await station(page, lang, theme)
      await page.goto('/login')
      await expect(page.getByRole('main')).toBeVisible()
      const found: string[] = await faults(page, '/login')
      await logIn(page)
      for (const path of screens) {
        await open(page, path)
        await page.waitForTimeout(300)
        found.push(...(await faults(page, path)))
      }
      if (isMock) {
        await page.request.post('/mock/fire?at=30')
        await open(page, '/b')
        found.push(...(await faults(page, '/b in a fire')))
        await open(page, '/a?id=PREALARM%3AR3')
        found.push(...(await faults(page, 'alarm drawer')))
      }
      expect(found).toEqual([])
    })

const moments = [
  ['declared', ['/w', '/m']],
  ['hold', ['/f', '/w', '/j?scope=shared']],
  ['complete', ['/f']],
  ['no-quorum', ['/w', '/o', '/s', '/sites']],
] as const

for (const lang of ['ko', 'en'] as Lang[])
  for (const theme of ['light', 'dark'] as Theme[])
    test(`every moment of a disaster passes axe, ${lang} ${theme} @mock`, async ({ page }) => {
      // axe walks every node of every page, which takes long on a busy machine.
      test.setTimeout(900_000)
      await fresh(page)
      await station(page, lang, theme)
      await logIn(page, 'tower')
      const found: string[] = []
      for (const [moment, paths] of moments) {
        await scene(page, moment)
        for (const path of paths) {
          await open(page, path)
          await page.waitForTimeout(300)
          found.push(...(await faults(page, `${path} ${moment}`)))
        }
      }
      await open(page, '/w')
      await scene(page, 'declared')
      for (const name of [/유리|Break glass/, /보고하기|^Report$/]) {
        await page.getByRole('button', { name }).first().click()
        await expect(page.getByRole('dialog')).toBeVisible()
        found.push(...(await faults(page, `dialog ${String(name)}`)))
        await page.keyboard.press('Escape')
      }
      expect(found).toEqual([])
    })

// What stands in a room only at times: a drill, a proof test, a plan that is asked for, an alarm's drawer on a phone.
// Two looks see both languages and both themes.
for (const [lang, theme] of [
  ['ko', 'light'],
  ['en', 'dark'],
] as [Lang, Theme][])
  test(`what stands in a room only at times passes axe, ${lang} ${theme} @mock`, async ({ page }) => {
    test.setTimeout(240_000)
    await fresh(page)
    await station(page, lang, theme)
    await logIn(page, 'safety')
    await page.request.post('/api/v1/fire/rooms/B1/drill', { data: { minutes: 5, rack: 'R3' } })
    await page.request.post('/api/v1/fire/rooms/B1/proof-begin', { data: { test: 'smoke', subject: 'R3' } })
    await open(page, '/b')
    await expect(page.locator('.drill-strip')).toBeVisible()
    await page.locator('.area-isolation button').last().click()
    await expect(page.locator('.area-isolation .switches').first()).toBeVisible()
    const found = await faults(page, 'drill, proof test and plan')
    await page.request.post('/api/v1/fire/rooms/B1/end-drill', { data: {} })
    await page.setViewportSize({ width: 390, height: 844 })
    await page.request.post('/mock/fire?at=30')
    await open(page, '/a?id=PREALARM%3AR3')
    const drawer = page.locator('.drawer')
    await expect(drawer).toBeVisible()
    found.push(...(await faults(page, 'drawer on a phone')))
    expect(await drawer.evaluate((e) => e.scrollWidth - e.clientWidth)).toBeLessThanOrEqual(1)
    expect(found).toEqual([])
  })

async function faults(page: import('@playwright/test').Page, where: string): Promise<string[]> {
  // A screen that still loads has no heading yet.
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveCount(0)
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  return violations.map(
    (v) =>
      `${where}: ${v.id} ${v.nodes
        .map((n) => n.target.join(' '))
        .slice(0, 4)
        .join(' | ')}`,
  )
}
