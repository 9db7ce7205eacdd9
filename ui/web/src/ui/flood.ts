// What the server says of floods and causes, asked again every few seconds while someone looks.

import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client'
import type { Flood, Report } from '../live/flood'

const every = 3000

export function useFlood(): Flood | undefined {
  return useQuery({
    queryKey: ['alarm-flood'],
    queryFn: () => get<Flood>('alarms/flood'),
    refetchInterval: every,
  }).data
}

export interface HistoryLine {
  seq: number
  time: string
  actor: string
  state: string
  value: number
  count: number
  reason: string
  /** That this record brought. */
  note?: string
}

/** The newest records of an alarm; the revision makes a new record a new question. */
export function useAlarmHistory(id: string, revision: number): HistoryLine[] | undefined {
  return useQuery({
    queryKey: ['alarm-history', id, revision],
    queryFn: async () =>
      (await get<{ items: HistoryLine[] | null }>(`alarms/${encodeURIComponent(id)}/history`)).items ?? [],
    placeholderData: (had) => had,
  }).data
}

export function useAlarmReport(days: number) {
  return useQuery({
    queryKey: ['alarm-report', days],
    queryFn: () =>
      get<Report>(`alarms/report?from=${new Date(Date.now() - days * 24 * 3600_000).toISOString()}`),
    staleTime: 60_000,
    retry: false,
  })
}
