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
  '/sim',
  '/w',
  '/f',
  '/sites',
  '/m',
]

for (const lang of ['ko', 'en'] as Lang[])
  for (const theme of ['light', 'dark'] as Theme[])
    test(`every screen passes axe, ${lang} ${theme} @mock @real`, async ({ page }) => {
      // axe walks every node of every page, which takes long on a busy machine.
      test.setTimeout(360_000)
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
      test.setTimeout(360_000)
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
