// The journals: this site's own and the one all sites share. The newest entries live, older ones a
// page at a time, each as a sentence with its raw record behind it.

import { useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Entry } from '../../live/types'
import { useContinuity } from '../../ui/continuity'
import { EntryLine } from '../../ui/entry-line'
import { useJournal, type Scope } from '../../ui/journal'
import { useView } from '../../ui/live'
import { sharedGroup, telling } from '../../ui/sentence-bcp'
import { Empty, Failed, Loading } from '../../ui/states'
import { useWords } from '../../ui/text'

const page = 200
const scopes = ['field', 'shared'] as const
const fieldGroups = ['main', 'alarm', 'command', 'stage', 'act', 'fire', 'system'] as const
const sharedGroups = [
  'main',
  'incident',
  'committee',
  'failover',
  'playbook',
  'request',
  'outcome',
  'site',
] as const

/** Which filter an entry of the site's own journal falls under. */
export function groupOf(kind: string): string {
  const first = kind.split('.')[0] ?? ''
  return (fieldGroups as readonly string[]).includes(first) && first !== 'main' ? first : 'system'
}

const groupIn = (scope: Scope, e: Entry): string => (scope === 'shared' ? sharedGroup(e) : groupOf(e.kind))

/** The main run is the story; what is left out of it has a filter of its own. */
export function inGroup(scope: Scope, e: Entry, group: string): boolean {
  if (group !== 'main') return groupIn(scope, e) === group
  return scope === 'shared' ? telling(e) : e.kind !== 'fire.state'
}

export default function Journals() {
  useView('journal')
  const { t } = useWords()
  const [query, setQuery] = useSearchParams()
  const { absent } = useContinuity()
  const scope: Scope = query.get('scope') === 'shared' ? 'shared' : 'field'
  return (
    <div className="journal">
      <h1 className="screen-title">{t('nav.journal')}</h1>
      {!absent && (
        <div className="segments journal-scope" role="group" aria-label={t('journal.scope')}>
          {scopes.map((s) => (
            <button
              key={s}
              type="button"
              aria-pressed={scope === s}
              onClick={() => setQuery(s === 'field' ? {} : { scope: s }, { replace: true })}
            >
              {t(`journal.scope.${s}`)}
            </button>
          ))}
        </div>
      )}
      <Run key={scope} scope={scope} />
    </div>
  )
}

function Run({ scope }: { scope: Scope }) {
  const { t } = useWords()
  const [group, setGroup] = useState('main')
  const j = useJournal(scope, page)
  const groups = scope === 'shared' ? sharedGroups : fieldGroups
  const shown = j.entries.filter((e) => inGroup(scope, e, group))
  if (j.error && j.entries.length === 0) return <Failed error={j.error} retry={j.retry} />
  return (
    <>
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
          <EntryLine key={e.seq} entry={e} group={groupIn(scope, e)} />
        ))}
      </ol>
      {j.older && (
        <button type="button" className="button" aria-busy={j.loading || undefined} onClick={j.older}>
          {t('journal.older')}
        </button>
      )}
    </>
  )
}
