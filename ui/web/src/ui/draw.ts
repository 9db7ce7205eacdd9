// Puts a drawing into the page and takes it out again; what the drawing holds stays its own.

import { useEffect, useRef, type RefObject } from 'react'

export interface Drawing {
  destroy(): void
}

/**
 * Mounts a drawing while its inputs stand. `mount` must be stable for equal inputs (useCallback);
 * the drawing is destroyed before it is mounted anew.
 */
export function useDrawing<D extends Drawing>(
  mount: (host: HTMLDivElement) => D,
): [RefObject<HTMLDivElement | null>, RefObject<D | null>] {
  const host = useRef<HTMLDivElement>(null)
  const drawing = useRef<D | null>(null)
  useEffect(() => {
    if (!host.current) return
    const d = mount(host.current)
    drawing.current = d
    return () => {
      d.destroy()
      drawing.current = null
    }
  }, [mount])
  return [host, drawing]
}
