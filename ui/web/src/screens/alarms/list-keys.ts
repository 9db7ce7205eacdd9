// Keys of the list: j k walk, a acknowledges the current row, Enter opens it, Esc closes. They never
// act inside text fields.

import { useEffect, useRef, useState, type RefObject } from 'react'
import { isUnacked } from '../../live/order'
import { may } from '../../live/rights'
import type { Alarm } from '../../live/types'
import { acknowledge } from '../../ui/alarm-acts'
import { useTell } from '../../ui/act'
import { useConsole } from '../../ui/context'
import { typing } from '../../ui/keys'
import type { ListHandle } from './list'

export interface Current {
  id: string
  set(id: string): void
}

export function useListKeys(
  rows: Alarm[],
  open: (id: string | null) => void,
  list: RefObject<ListHandle | null>,
): Current {
  const [id, set] = useState('')
  const { session, store } = useConsole()
  const tell = useTell()
  const now = useRef({ rows, id })
  useEffect(() => {
    now.current = { rows, id }
  })
  useEffect(() => {
    const walk = (by: number) => {
      const all = now.current.rows
      const at = all.findIndex((a) => a.id === now.current.id)
      const to = Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))
      const alarm = all[to]
      if (!alarm) return
      set(alarm.id)
      list.current?.show(to)
    }
    const down = (e: KeyboardEvent) => {
      if (e.key === 'Escape') return open(null)
      if (typing(e) || e.ctrlKey || e.metaKey || e.altKey) return
      const alarm = now.current.rows.find((a) => a.id === now.current.id)
      if (e.key === 'j' || (e.key === 'ArrowDown' && list.current?.focused())) walk(1)
      else if (e.key === 'k' || (e.key === 'ArrowUp' && list.current?.focused())) walk(-1)
      else if (e.key === 'a' && alarm && isUnacked(alarm)) {
        if (may('alarm', session.roles) && store.connection !== 'lost') acknowledge([alarm]).catch(tell)
      } else if (e.key === 'Enter' && alarm && list.current?.focused()) open(alarm.id)
      else return
      e.preventDefault()
    }
    window.addEventListener('keydown', down)
    return () => window.removeEventListener('keydown', down)
    // open and tell are made anew each time and mean the same
  }, [session, store])
  return { id, set }
}
