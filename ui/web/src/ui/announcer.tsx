// Sound and spoken words for alarms. Critical and high ones interrupt a screen reader; the others
// wait and come at most once in ten seconds.

import { VolumeX } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { due } from '../live/annunciate'
import { foremost, isUnacked } from '../live/order'
import { prefs } from '../live/prefs'
import { useConsole } from './context'
import { useAlarmMap } from './live'
import { now } from './second'
import { Player } from './player'
import { useAlarmText, useWords } from './text'

const sound = createStore<{ blocked: boolean; unlock: () => void }>(() => ({
  blocked: false,
  unlock: () => undefined,
}))

export function Announcer() {
  useSound()
  return <Spoken />
}

function useSound(): void {
  const { store } = useConsole()
  useEffect(() => {
    const player = new Player((blocked) => sound.setState({ blocked }))
    sound.setState({ unlock: () => player.unlock() })
    const look = () => player.want(due(store.alarms.values(), prefs.getState().silencedAt, now()))
    const ends = [store.on('alarms', look), store.on('hb', look), prefs.subscribe(look)]
    return () => {
      ends.forEach((end) => end())
      player.close()
    }
  }, [store])
}

/** Asks for the one press a browser wants before it lets a page sound. */
export function SoundBlocked() {
  const { blocked, unlock } = useStore(sound)
  const { t } = useWords()
  if (!blocked) return null
  return (
    <button
      type="button"
      className="button"
      aria-label={t('sound.blocked')}
      title={t('sound.blocked')}
      onClick={unlock}
    >
      <VolumeX aria-hidden />
      <span className="newest-silence">{t('sound.blocked')}</span>
    </button>
  )
}

function Spoken() {
  const alarms = useAlarmMap()
  const text = useAlarmText()
  const { t } = useWords()
  const known = useRef<Set<string> | null>(null)
  const politeAt = useRef(0)
  const [words, setWords] = useState({ urgent: '', polite: '' })
  useEffect(() => {
    const unacked = [...alarms.values()].filter(isUnacked)
    const before = known.current
    known.current = new Set(unacked.map((a) => `${a.id}#${a.occurrence}`))
    // What stood before the page was opened is read by looking, not shouted.
    if (!before) return
    const first = foremost(unacked.filter((a) => !before.has(`${a.id}#${a.occurrence}`)))
    if (!first) return
    const line = `${t(`priority.${first.priority}`)}: ${text(first)}`
    if (first.priority <= 2) setWords((w) => ({ ...w, urgent: line }))
    else if (Date.now() - politeAt.current > 10_000) {
      politeAt.current = Date.now()
      setWords((w) => ({ ...w, polite: line }))
    }
    // the texts change with the language only and must not speak again
  }, [alarms])
  return (
    <>
      <div className="sr" aria-live="assertive">
        {words.urgent}
      </div>
      <div className="sr" aria-live="polite">
        {words.polite}
      </div>
    </>
  )
}
