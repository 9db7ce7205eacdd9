// Keys of the frame: g then a letter goes to a screen, Shift+Space silences. Single letters never
// act inside text fields and never send a command.

import { useEffect } from 'react'
import { useLocation } from 'wouter'
import { silence } from './silence'

const places: Record<string, string> = {
  o: '/o',
  b: '/b',
  a: '/a',
  c: '/c',
  w: '/w',
  f: '/f',
  t: '/t',
  j: '/j',
  s: '/sim',
}
const chord = 1200

export function typing(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement | null
  return Boolean(el?.closest('input, textarea, select, [contenteditable], [role="dialog"]'))
}

export function useKeys(): void {
  const [, go] = useLocation()
  useEffect(() => {
    let pressedG = 0
    const down = (e: KeyboardEvent) => {
      if (e.shiftKey && e.code === 'Space') {
        e.preventDefault()
        silence()
        return
      }
      if (typing(e) || e.ctrlKey || e.metaKey || e.altKey) return
      const place = places[e.key]
      if (place && Date.now() - pressedG < chord) {
        pressedG = 0
        e.stopImmediatePropagation()
        go(place)
      } else if (e.key === 'g') pressedG = Date.now()
    }
    window.addEventListener('keydown', down, true)
    return () => window.removeEventListener('keydown', down, true)
  }, [go])
}
