// Whether this site has a simulator behind it, and what it says of itself.

import { useQuery } from '@tanstack/react-query'
import { get, Problem } from '../api/client'
import { readSimulator, type SimState } from '../live/simulator'
import { useConsole } from './context'

export interface Simulator {
  /** The API says there is none: the panel is not offered. */
  absent: boolean
  state: SimState | undefined
  error: unknown
  refetch(): void
}

/** Whether the panel is offered: as the site says, or as its answer does where it does not say. */
export function useSimulated(): boolean {
  const { site } = useConsole()
  const { absent } = useSimulator(undefined, site.simulator === undefined)
  return site.simulator ?? !absent
}

/** Asks once; with `every` it keeps asking, for the panel itself. */
export function useSimulator(every?: number, ask = true): Simulator {
  const none = useConsole().site.simulator === false
  const q = useQuery({
    queryKey: ['sim'],
    enabled: ask && !none,
    queryFn: async () => {
      const [state, scenarios] = await Promise.all([get<unknown>('sim/state'), get<unknown>('sim/scenarios')])
      return readSimulator(state, scenarios)
    },
    refetchInterval: every ?? false,
    retry: false,
    staleTime: every ? 0 : Infinity,
  })
  return {
    absent: none || (q.error instanceof Problem && q.error.status === 404),
    state: q.data,
    error: q.error,
    refetch: () => void q.refetch(),
  }
}
