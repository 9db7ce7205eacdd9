// The words of a component: translated keys, names that came from the API, times and durations.

import type { TFunction } from 'i18next'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import { clock, dateTime, duration, zoneName } from '../live/format'
import { prefs } from '../live/prefs'
import { millis } from '../live/store'
import type { Alarm, Lang, Point, Text } from '../live/types'
import { useConsole } from './context'

export interface Words {
  t: TFunction
  lang: Lang
  /** A wording of the API in the language shown, or the other where that is missing. */
  tx(text: Text | undefined, otherwise?: string): string
  /** A duration in words. */
  lasts(ms: number): string
  /** A chosen span in whole minutes or hours. */
  span(seconds: number): string
}

export function useWords(): Words {
  const { t } = useTranslation()
  const lang = useStore(prefs, (p) => p.lang)
  return useMemo(
    () => ({
      t,
      lang,
      tx: (text, otherwise = '') => text?.[lang] || text?.ko || text?.en || otherwise,
      lasts: (ms) => {
        const d = duration(ms)
        return t(d.key, d.values)
      },
      span: (s) => (s < 3600 ? t('span.m', { n: s / 60 }) : t('span.h', { n: s / 3600 })),
    }),
    [t, lang],
  )
}

export interface Times {
  /** Time of day in the site's zone. */
  clock(t: string | number | null | undefined): string
  /** Date and time in the site's zone, with the zone's name. */
  full(t: string | number | null | undefined): string
}

export function useTimes(): Times {
  const zone = useConsole().site.timezone
  return useMemo(
    () => ({
      clock: (t) => (millis(t) ? clock(millis(t), zone) : '–'),
      full: (t) => (millis(t) ? `${dateTime(millis(t), zone)} ${zoneName(zone, millis(t))}` : '–'),
    }),
    [zone],
  )
}

export function usePointName(): (p: Point | undefined, id?: string) => string {
  const { tx } = useWords()
  return (p, id = '') => tx(p?.names, p?.name ?? id)
}

export function useAlarmText(): (a: Alarm) => string {
  const { tx } = useWords()
  return (a) => tx(a.texts, a.text)
}

export function useAssetName(): (id: string) => string {
  const { plant } = useConsole()
  const { tx } = useWords()
  return (id) => tx(plant.assets.get(id)?.name, id)
}
