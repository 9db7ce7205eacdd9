// How this screen's buttons move the simulator.

import { useQueryClient } from '@tanstack/react-query'

/** Does something to the simulator, then reads its state at once. */
export function useSimAct(): (act: () => Promise<unknown>) => () => Promise<void> {
  const queries = useQueryClient()
  return (act) => async () => {
    await act()
    await queries.invalidateQueries({ queryKey: ['sim'] })
  }
}
