// The console's words. Korean first; English complete. A test keeps the keys equal. They come by
// topic and language, each with the screen that says them.

import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { prefs } from '../live/prefs'
import type { Lang } from '../live/types'
import { late, needs, type ScreenName } from './topics'

type Topic = Record<string, string>

const files = import.meta.glob<Topic>('./{ko,en}/*.json', { import: 'default' })
const langs: readonly Lang[] = ['ko', 'en']
const space = 'translation'

/** Topics on show, so that another language brings all of them before it is switched to. */
const wanted = new Set<string>(['frame'])
const loading = new Map<string, Promise<void>>()

function load(lang: Lang, topic: string): Promise<void> {
  const path = `./${lang}/${topic}.json`
  const had = loading.get(path)
  if (had) return had
  const words = files[path]
  if (!words) return Promise.reject(new Error(`no words at ${path}`))
  const come = words().then((w) => void i18next.addResourceBundle(lang, space, w, true, true))
  loading.set(path, come)
  // A lost server must not keep the words away for good.
  come.catch(() => loading.delete(path))
  return come
}

const loadAll = (lang: Lang, topics: Iterable<string>): Promise<unknown> =>
  Promise.all([...topics].map((topic) => load(lang, topic)))

/** Brings the words of a screen; resolves at once when they are here. */
export async function wordsOf(screen: ScreenName): Promise<void> {
  for (const topic of needs[screen]) wanted.add(topic)
  await loadAll(prefs.getState().lang, wanted)
}

/** Brings the words of the frame's late parts. */
export async function lateWords(): Promise<void> {
  wanted.add(late)
  await loadAll(prefs.getState().lang, wanted)
}

/** Brings every word in both languages, so that a lost server never leaves a screen without. */
export async function everyWord(): Promise<void> {
  for (const topics of Object.values(needs)) for (const topic of topics) wanted.add(topic)
  await Promise.allSettled(langs.map((lang) => loadAll(lang, wanted)))
}

async function show(lang: Lang, topics: Iterable<string> = wanted): Promise<void> {
  await loadAll(lang, topics)
  // Pressed again meanwhile: the newest wish counts.
  if (prefs.getState().lang !== lang) return
  document.documentElement.lang = lang
  await i18next.changeLanguage(lang)
}

export async function startText(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: {},
    lng: prefs.getState().lang,
    fallbackLng: 'ko',
    interpolation: { escapeValue: false },
    returnNull: false,
    // Keys are flat names with dots in them, not paths.
    keySeparator: false,
    nsSeparator: false,
  })
  await show(prefs.getState().lang, ['frame'])
  prefs.subscribe((p, was) => {
    if (p.lang !== was.lang) void show(p.lang).catch(() => undefined) // without words the old ones stay
  })
}
