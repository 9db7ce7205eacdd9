// A journal as a run of entries, newest first: the newest page, older ones on demand, and what comes
// in the meantime. The field's own is told by the stream; the one all sites share is asked for
// whenever the organisation's picture says that it has grown.

import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { get, type Page } from '../api/client'
import type { Entry } from '../live/types'
import { usePicture } from './continuity'
import { useEntries } from './live'

export type Scope = 'field' | 'shared'

/** Older entries and the live tail as one run without doubles, newest first. */
export function merged(loaded: readonly Entry[], tail: readonly Entry[]): Entry[] {
  const bySeq = new Map<number, Entry>()
  for (const e of [...loaded, ...tail]) bySeq.set(e.seq, e)
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq)
}

export interface Paged {
  entries: Entry[]
  loading: boolean
  error: unknown
  older: (() => void) | null
  retry: () => void
}

const most = 1000

export function useJournal(scope: Scope, page: number): Paged {
  const live = useEntries()
  const [loaded, setLoaded] = useState<Entry[]>([])
  const [state, setState] = useState<{ loading: boolean; error: unknown }>({ loading: true, error: null })
  const load = useCallback(
    async (query: string) => {
      setState({ loading: true, error: null })
      try {
        const got = await get<Page<Entry>>(`journal?scope=${scope}&${query}`)
        setLoaded((l) => merged(l, got.items ?? []))
        setState({ loading: false, error: null })
      } catch (error) {
        setState({ loading: false, error })
      }
    },
    [scope],
  )
  const newest = useCallback(() => void load(`limit=${page}`), [load, page])
  useEffect(newest, [newest])
  useGrowth(scope, state.loading, loaded[0]?.seq ?? 0, load)
  const entries = useMemo(() => (scope === 'field' ? merged(loaded, live) : loaded), [scope, loaded, live])
  const oldest = entries.at(-1)?.seq ?? 1
  const older = () => void load(`after=${Math.max(0, oldest - 1 - page)}&limit=${Math.min(page, oldest - 1)}`)
  return { entries, ...state, older: oldest > 1 ? older : null, retry: newest }
}

/** Asks for what the shared journal has grown by, once for each word of it. */
function useGrowth(
  scope: Scope,
  busy: boolean,
  newest: number,
  load: (query: string) => Promise<void>,
): void {
  const seq = usePicture()?.control.seq ?? 0
  const asked = useRef(0)
  useEffect(() => {
    if (scope !== 'shared' || busy || newest === 0 || seq <= newest || seq === asked.current) return
    asked.current = seq
    void load(`after=${newest}&limit=${most}`)
  }, [scope, busy, newest, seq, load])
}
