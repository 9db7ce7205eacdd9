// The organisation's picture for screens: where it comes from, and the names in it.

import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useSyncExternalStore } from 'react'
import { get, Problem } from '../api/client'
import type { Person, Picture } from '../live/picture'
import { useConsole } from './context'
import { useConnection } from './live'
import { useWords } from './text'

export function usePicture(): Picture | null {
  const { store } = useConsole()
  return useSyncExternalStore(
    useCallback((f: () => void) => store.on('picture', f), [store]),
    () => store.picture,
  )
}

export interface Asked {
  picture: Picture | null
  /** The site has none at all. */
  absent: boolean
  error: unknown
  retry(): void
}

const again = 15_000

/** The first picture by a plain question, which can be refused in words; the stream goes on from there. */
export function useContinuity(): Asked {
  const { store, stream, site } = useConsole()
  const picture = usePicture()
  const none = site.continuity === false
  const q = useQuery({
    queryKey: ['bcp'],
    enabled: !none,
    queryFn: () => get<Picture>('bcp'),
    retry: false,
    staleTime: Infinity,
    structuralSharing: false,
    refetchInterval: (query) =>
      query.state.status === 'error' && !absent(query.state.error) ? again : false,
  })
  useEffect(() => {
    if (q.data && !store.picture) store.continuity(q.data)
    if (q.data) stream.hearContinuity(true)
  }, [q.data, store, stream])
  return {
    picture,
    absent: none || (!picture && absent(q.error)),
    error: picture ? null : q.error,
    retry: () => void q.refetch(),
  }
}

const absent = (e: unknown): boolean => e instanceof Problem && e.status === 404

/** Whether the picture can still be taken for now; the whole screen says so where the stream is lost. */
export function usePictureFresh(): boolean {
  const { store } = useConsole()
  return useSyncExternalStore(
    useCallback((f: () => void) => store.on('picture', f), [store]),
    () => store.pictureFresh,
  )
}

/** Whether nothing global can be decided now, or what is shown of it may be old. */
export function useReadOnly(): boolean {
  const picture = usePicture()
  const connection = useConnection()
  return connection !== 'lost' && picture !== null && !picture.control.quorum
}

export function usePerson(): Person | undefined {
  const { session } = useConsole()
  return usePicture()?.people.find((x) => x.id === session.user)
}

export interface Names {
  person(id: string | undefined): string
  team(id: string | undefined): string
  site(id: string | undefined): string
  service(id: string): string
}

/** Ids of the organisation as people call them. */
export function useNames(): Names {
  const picture = usePicture()
  const { tx, t } = useWords()
  const { site, plant } = useConsole()
  return {
    person: (id = '') => tx(picture?.people.find((x) => x.id === id)?.name, id),
    team: (id = '') => tx(picture?.teams.find((x) => x.id === id)?.name, id),
    site: (id = '') =>
      tx(
        picture?.sites.find((x) => x.id === id)?.name ??
          (id === site.id ? site.name : plant.assets.get(id)?.name),
        id,
      ),
    service: (id) => t(`service.${id}`, { defaultValue: id }),
  }
}
