// Language and theme: kept on the station, changed with one press.

import { Monitor, Moon, Sun } from 'lucide-react'
import { useStore } from 'zustand'
import { prefs, type Theme } from '../live/prefs'
import type { Lang } from '../live/types'
import { useWords } from './text'

const langs: { id: Lang; name: string; short: string }[] = [
  { id: 'ko', name: '한국어', short: '한' },
  { id: 'en', name: 'English', short: 'EN' },
]

export function LangSwitch() {
  const { t } = useWords()
  const { lang, setLang } = useStore(prefs)
  return (
    <div className="segments" role="group" aria-label={t('switch.lang')}>
      {langs.map((l) => (
        <button
          key={l.id}
          type="button"
          lang={l.id}
          aria-pressed={lang === l.id}
          aria-label={l.name}
          onClick={() => setLang(l.id)}
        >
          {l.short}
        </button>
      ))}
    </div>
  )
}

const themes: { id: Theme; icon: typeof Sun }[] = [
  { id: 'light', icon: Sun },
  { id: 'dark', icon: Moon },
  { id: 'auto', icon: Monitor },
]

export function ThemeSwitch() {
  const { t } = useWords()
  const { theme, setTheme } = useStore(prefs)
  return (
    <div className="segments" role="group" aria-label={t('switch.theme')}>
      {themes.map(({ id, icon: Icon }) => (
        <button
          key={id}
          type="button"
          aria-pressed={theme === id}
          aria-label={t(`switch.${id}`)}
          title={t(`switch.${id}`)}
          onClick={() => setTheme(id)}
        >
          <Icon aria-hidden />
        </button>
      ))}
    </div>
  )
}
