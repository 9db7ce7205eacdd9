// The console's words. Korean first; English complete. A test keeps the keys equal.

import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'
import { prefs } from '../live/prefs'
import en from './en.json'
import ko from './ko.json'

export const resources = { ko: { translation: ko }, en: { translation: en } }

export async function startText(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources,
    lng: prefs.getState().lang,
    fallbackLng: 'ko',
    interpolation: { escapeValue: false },
    returnNull: false,
    // Keys are flat names with dots in them, not paths.
    keySeparator: false,
    nsSeparator: false,
  })
  document.documentElement.lang = prefs.getState().lang
  prefs.subscribe((p, was) => {
    if (p.lang === was.lang) return
    document.documentElement.lang = p.lang
    void i18next.changeLanguage(p.lang)
  })
}
