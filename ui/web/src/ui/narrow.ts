// Whether the window is as narrow as a phone's.

import { useSyncExternalStore } from 'react'

const query = () => window.matchMedia('(max-width: 700px)')

function subscribe(f: () => void): () => void {
  const q = query()
  q.addEventListener('change', f)
  return () => q.removeEventListener('change', f)
}

export const isNarrow = (): boolean => query().matches

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, isNarrow)
}
