// One line of a journal: time, kind, a sentence, who; the raw record behind it.

import type { Entry } from '../live/types'
import { useSaid } from './said'
import { useNames } from './continuity'
import { useSentence } from './sentence'
import { useTimes, useWords } from './text'
import '../style/entries.css'

export function EntryLine({ entry: e, group }: { entry: Entry; group: string }) {
  const { t } = useWords()
  const { full } = useTimes()
  const sentence = useSentence()
  const { person } = useNames()
  const inWords = useSaid()
  const raw = typeof e.data === 'string' ? e.data : JSON.stringify(e.data, null, 2)
  return (
    <li className="entry" data-group={group}>
      <details>
        <summary>
          <time dateTime={e.time}>{full(e.time)}</time>
          <span className="entry-kind">{t(`kind.${e.kind}`, { defaultValue: e.kind })}</span>
          <span className="entry-text">{sentence(e)}</span>
          <span className="muted entry-actor">
            {t(`actor.${e.actor}`, { defaultValue: inWords(person(e.actor)) })}
            {e.node && <Whence entry={e} />}
          </span>
        </summary>
        <pre tabIndex={0}>{raw}</pre>
        <p className="muted entry-hash">
          #{e.seq} · {e.hash}
        </p>
      </details>
    </li>
  )
}

/** Where an entry of the shared journal was written, and under which leader. */
function Whence({ entry: e }: { entry: Entry }) {
  const { t } = useWords()
  return (
    <span className="entry-whence">
      {e.node}
      {e.epoch ? ` · ${t('epoch', { n: e.epoch })}` : ''}
      {e.origin ? ` · ${t('journal.origin', { field: e.origin.field, seq: e.origin.seq })}` : ''}
    </span>
  )
}
