// Decisions and events as they were written: the newest of the journal all sites share. Nothing here
// can be changed; a correction is a new line.

import { useState, type FormEvent } from 'react'
import { Link as Go } from 'wouter'
import type { Incident } from '../../live/picture'
import { Act } from '../../ui/act'
import { useAsk } from '../../ui/ask'
import { useConsole } from '../../ui/context'
import { useJournal } from '../../ui/journal'
import { sharedGroup, telling } from '../../ui/sentence-bcp'
import { useSentence } from '../../ui/sentence'
import { Failed } from '../../ui/states'
import { useTimes, useWords } from '../../ui/text'

// Half of what is written is acts and receipts: more is loaded than shown.
const loaded = 200
const kept = 60

export function LogPanel({ incident }: { incident: Incident | undefined }) {
  const { t } = useWords()
  const { clock } = useTimes()
  const sentence = useSentence()
  const j = useJournal('shared', loaded)
  const lines = j.entries.filter(telling).slice(0, kept)
  return (
    <section className="panel log" aria-labelledby="log-h">
      <h2 id="log-h">{t('log.title')}</h2>
      {incident && <Note incident={incident} />}
      {j.error !== null && lines.length === 0 && <Failed error={j.error} retry={j.retry} />}
      {!j.loading && j.error === null && lines.length === 0 && <p className="muted">{t('log.none')}</p>}
      <ol className="log-lines" reversed tabIndex={0} aria-label={t('log.title')}>
        {lines.map((e) => (
          <li key={e.seq} data-group={sharedGroup(e)}>
            <time dateTime={e.time}>{clock(e.time)}</time> <span>{sentence(e)}</span>
          </li>
        ))}
      </ol>
      <Go href="/j?scope=shared">{t('log.all')}</Go>
    </section>
  )
}

/** A line of a person into the incident's story. What is not sent yet stays in the field. */
function Note({ incident }: { incident: Incident }) {
  const { t } = useWords()
  const { wall } = useConsole()
  const ask = useAsk()
  const [text, setText] = useState('')
  if (wall) return null
  const send = async () => {
    await ask(`incidents/${encodeURIComponent(incident.id)}/note`, { text: text.trim() }, t('log.note'))
    setText('')
  }
  const stop = (e: FormEvent) => e.preventDefault()
  return (
    <form className="log-note" onSubmit={stop}>
      <label>
        <span className="sr">{t('log.note')}</span>
        <textarea
          rows={2}
          placeholder={t('log.note')}
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
      </label>
      <Act right="ask" off={text.trim() ? '' : t('log.note-empty')} onAct={send}>
        {t('log.write')}
      </Act>
    </form>
  )
}
