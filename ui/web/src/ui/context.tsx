// What every screen may ask for: the live store, the site, who is logged in and what stands where.

import { createContext, use } from 'react'
import type { LiveStream } from '../live/stream'
import type { LiveStore } from '../live/store'
import type { Plant } from '../live/plant'
import { may, type Right } from '../live/rights'
import type { Session, Site } from '../live/types'

export interface Console {
  store: LiveStore
  stream: LiveStream
  site: Site
  session: Session
  plant: Plant
  /** Wall mode: no nav, larger type, nothing to press. */
  wall: boolean
  logOut(): void
}

export const ConsoleContext = createContext<Console | null>(null)

export function useConsole(): Console {
  const c = use(ConsoleContext)
  if (!c) throw new Error('useConsole outside the console')
  return c
}

/** Whether the person logged in may do this kind of thing. */
export function useMay(right: Right): boolean {
  return may(right, useConsole().session.roles)
}
