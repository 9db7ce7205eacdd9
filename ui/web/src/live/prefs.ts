// What this station remembers of its user's wishes: theme, language, sound. Never live data.

import { createStore } from 'zustand/vanilla'
import { persist } from 'zustand/middleware'
import type { Lang } from './types'

export type Theme = 'auto' | 'light' | 'dark'

export interface Prefs {
  theme: Theme
  lang: Lang
  /** Sound is off until a newer alarm than this moment (server ms) comes. */
  silencedAt: number
  setTheme(t: Theme): void
  setLang(l: Lang): void
  silence(at: number): void
}

const place = 'bongsu-station'

/** Whether anything was ever chosen here; until then the site's own language holds. */
export const chosen = (): boolean => localStorage.getItem(place) !== null

export const prefs = createStore<Prefs>()(
  persist(
    (set) => ({
      theme: 'auto',
      lang: 'ko',
      silencedAt: 0,
      setTheme: (theme) => set({ theme }),
      setLang: (lang) => set({ lang }),
      silence: (silencedAt) => set({ silencedAt }),
    }),
    { name: place },
  ),
)
