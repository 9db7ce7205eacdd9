// Steps the specs share: log in, choose language and theme, reset the mock.

import { expect, type Page } from '@playwright/test'

export type Lang = 'ko' | 'en'
export type Theme = 'light' | 'dark'

export const isMock = process.env.BONGSU_URL === undefined

/** Remembers the station's language and theme before any page is opened. */
export async function station(page: Page, lang: Lang = 'ko', theme: Theme = 'light'): Promise<void> {
  await page.addInitScript(
    ([l, t]) =>
      localStorage.setItem(
        'bongsu-station',
        JSON.stringify({ state: { lang: l, theme: t, silencedAt: 0 }, version: 0 }),
      ),
    [lang, theme],
  )
}

/** Logs in through the API: the log-in page has a spec of its own. */
export async function logIn(page: Page, user = 'operator'): Promise<void> {
  const answer = await page.request.post('/api/v1/session', { data: { user, password: 'bongsu-demo' } })
  expect(answer.ok()).toBe(true)
}

export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await expect(page.locator('.stream')).toHaveAttribute('data-state', 'live')
}

/** Brings the mock to its start; a real server is left as it is. */
export async function fresh(page: Page): Promise<void> {
  if (isMock) await page.request.post('/mock/reset')
}

/** A moment of a disaster, on the mock only. */
export async function scene(
  page: Page,
  name: 'none' | 'calm' | 'declared' | 'hold' | 'complete' | 'no-quorum',
): Promise<void> {
  await page.request.post(`/mock/continuity?scene=${name}`)
}
