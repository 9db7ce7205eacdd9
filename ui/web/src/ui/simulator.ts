// Whether this site has a simulator behind it, and what it says of itself.

import { useQuery } from '@tanstack/react-query'
import { get, Problem } from '../api/client'
import { readSimulator, type SimState } from '../live/simulator'

export interface Simulator {
  /** The API says there is none: the panel is not offered. */
  absent: boolean
  state: SimState | undefined
  error: unknown
  refetch(): void
}

/** Asks once; with `every` it keeps asking, for the panel itself. */
export function useSimulator(every?: number): Simulator {
  const q = useQuery({
    queryKey: ['sim'],
    queryFn: async () => {
      const [state, scenarios] = await Promise.all([get<unknown>('sim/state'), get<unknown>('sim/scenarios')])
      return readSimulator(state, scenarios)
    },
    refetchInterval: every ?? false,
    retry: false,
    staleTime: every ? 0 : Infinity,
  })
  return {
    absent: q.error instanceof Problem && q.error.status === 404,
    state: q.data,
    error: q.error,
    refetch: () => void q.refetch(),
  }
}
