// Light for a lit room, dark for a dim one; "auto" follows the station.

import { prefs } from '../live/prefs'

export function startTheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const apply = () => {
    const { theme } = prefs.getState()
    document.documentElement.dataset.theme = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme
  }
  apply()
  prefs.subscribe(apply)
  dark.addEventListener('change', apply)
  const wall = new URLSearchParams(location.search).get('wall') === '1'
  if (wall) document.documentElement.dataset.wall = '1'
}
