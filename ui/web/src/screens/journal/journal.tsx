// The journal: the newest entries live, older ones a page at a time, each as a sentence with its
// raw record behind it.

import { useCallback, useEffect, useMemo, useState } from 'react'
import { get, type Page } from '../../api/client'
import type { Entry } from '../../live/types'
import { useEntries, useView } from '../../ui/live'
import { Empty, Failed, Loading } from '../../ui/states'
import { useTimes, useWords } from '../../ui/text'
import { useSentence } from './sentence'
import '../../style/entries.css'

const page = 200
const groups = ['main', 'alarm', 'command', 'stage', 'act', 'fire', 'system'] as const
type Group = (typeof groups)[number]

/** Which filter an entry's kind falls under. */
export function groupOf(kind: string): Exclude<Group, 'main'> {
  const first = kind.split('.')[0] ?? ''
  if (first === 'alarm' || first === 'command' || first === 'stage' || first === 'act' || first === 'fire')
    return first
  return 'system'
}

/** The main run leaves out what the engine writes for its own restart; its filter shows it. */
export function inGroup(kind: string, group: Group): boolean {
  return group === 'main' ? kind !== 'fire.state' : groupOf(kind) === group
}

/** Older entries and the live tail as one run without doubles, newest first. */
export function merged(loaded: readonly Entry[], tail: readonly Entry[]): Entry[] {
  const bySeq = new Map<number, Entry>()
  for (const e of [...loaded, ...tail]) bySeq.set(e.seq, e)
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq)
}

interface Paged {
  entries: Entry[]
  loading: boolean
  error: unknown
  older: (() => void) | null
  retry: () => void
}

function useJournal(): Paged {
  const tail = useEntries()
  const [loaded, setLoaded] = useState<Entry[]>([])
  const [state, setState] = useState<{ loading: boolean; error: unknown }>({ loading: true, error: null })
  const load = useCallback(async (path: string) => {
    setState({ loading: true, error: null })
    try {
      const got = await get<Page<Entry>>(path)
      setLoaded((l) => merged(l, got.items ?? []))
      setState({ loading: false, error: null })
    } catch (error) {
      setState({ loading: false, error })
    }
  }, [])
  const newest = useCallback(() => void load(`journal?limit=${page}`), [load])
  useEffect(newest, [newest])
  const entries = useMemo(() => merged(loaded, tail), [loaded, tail])
  const oldest = entries.at(-1)?.seq ?? 1
  const more = oldest > 1
  const older = () =>
    void load(`journal?after=${Math.max(0, oldest - 1 - page)}&limit=${Math.min(page, oldest - 1)}`)
  return { entries, ...state, older: more ? older : null, retry: newest }
}

export default function Journal() {
  useView('journal')
  const { t } = useWords()
  const [group, setGroup] = useState<Group>('main')
  const j = useJournal()
  const shown = j.entries.filter((e) => inGroup(e.kind, group))
  if (j.error && j.entries.length === 0) return <Failed error={j.error} retry={j.retry} />
  return (
    <div className="journal">
      <h1 className="screen-title">{t('nav.journal')}</h1>
      <div className="tabs" role="group" aria-label={t('journal.filter')}>
        {groups.map((g) => (
          <button key={g} type="button" aria-pressed={group === g} onClick={() => setGroup(g)}>
            {t(`journal.group.${g}`)}
          </button>
        ))}
      </div>
      {j.loading && j.entries.length === 0 && <Loading rows={10} />}
      {!j.loading && shown.length === 0 && (
        <Empty title={t('journal.empty')}>{t('journal.empty-next')}</Empty>
      )}
      <ol className="entries" reversed>
        {shown.map((e) => (
          <EntryLine key={e.seq} entry={e} />
        ))}
      </ol>
      {j.older && (
        <button type="button" className="button" aria-busy={j.loading || undefined} onClick={j.older}>
          {t('journal.older')}
        </button>
      )}
    </div>
  )
}

function EntryLine({ entry: e }: { entry: Entry }) {
  const { t } = useWords()
  const { full } = useTimes()
  const sentence = useSentence()
  const raw = typeof e.data === 'string' ? e.data : JSON.stringify(e.data, null, 2)
  return (
    <li className="entry" data-group={groupOf(e.kind)}>
      <details>
        <summary>
          <time dateTime={e.time}>{full(e.time)}</time>
          <span className="entry-kind">{t(`kind.${e.kind}`, { defaultValue: e.kind })}</span>
          <span className="entry-text">{sentence(e)}</span>
          <span className="muted entry-actor">{e.actor}</span>
        </summary>
        <pre tabIndex={0}>{raw}</pre>
        <p className="muted entry-hash">
          #{e.seq} · {e.hash}
        </p>
      </details>
    </li>
  )
}
