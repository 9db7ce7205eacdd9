// What people wrote beside an alarm, the newest first, and a field to write another one.

import { useMemo, useState } from 'react'
import { newKey } from '../../api/client'
import { noteFault, noteLength, noteLongest, notesBefore } from '../../live/notes'
import type { Alarm } from '../../live/types'
import { Act } from '../../ui/act'
import { note } from '../../ui/alarm-acts'
import { useTimes, useWords } from '../../ui/text'

export function Notes({ alarm: a }: { alarm: Alarm }) {
  const { t } = useWords()
  const { full } = useTimes()
  const before = notesBefore(a)
  return (
    <section className="drawer-notes" aria-labelledby="notes-h">
      <h3 id="notes-h">{t('alarm.notes')}</h3>
      {!a.notes?.length && <p className="muted">{t('alarm.notes-none')}</p>}
      <ul>
        {[...(a.notes ?? [])].reverse().map((n) => (
          <li key={n.n} data-past={n.occurrence !== a.occurrence || undefined}>
            <p className="muted">
              <strong>{n.by}</strong> {full(n.at)}
              {n.occurrence !== a.occurrence && ` · ${t('alarm.note-past')}`}
            </p>
            <p className="note-text">{n.text}</p>
          </li>
        ))}
      </ul>
      {before > 0 && <p className="muted">{t('alarm.notes-before', { n: before })}</p>}
      <Write alarm={a} />
    </section>
  )
}

function Write({ alarm }: { alarm: Alarm }) {
  const { t } = useWords()
  const [text, setText] = useState('')
  // A press that found no answer may be repeated and is one note; another text is another one.
  const key = useMemo(newKey, [text])
  const fault = noteFault(text)
  return (
    <div className="note-write">
      <label>
        <span>{t('alarm.note-write')}</span>
        <textarea rows={2} value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <div className="note-send">
        <span className="muted">
          {noteLength(text)} / {noteLongest}
        </span>
        <Act
          right="alarm"
          off={fault && t(fault, { n: noteLongest })}
          onAct={() => note(alarm, text, key).then(() => setText(''))}
        >
          {t('alarm.note-add')}
        </Act>
      </div>
    </div>
  )
}

/** How many notes were written since the alarm began, for its row. */
export function NoteCount({ n }: { n: number }) {
  const { t } = useWords()
  if (n === 0) return null
  const words = t('alarm.notes-n', { n })
  return (
    <span className="chip note-count" role="img" aria-label={words} title={words}>
      ✎ {n}
    </span>
  )
}
