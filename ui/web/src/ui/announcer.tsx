// Sound and spoken words for alarms. Critical and high ones interrupt a screen reader; the others
// wait and come at most once in ten seconds.

import { VolumeX } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { drillSound, due } from '../live/annunciate'
import { hear, type Heard } from '../live/drill'
import { foremost, isUnacked } from '../live/order'
import { prefs } from '../live/prefs'
import { useConsole } from './context'
import { useAlarmMap, useEarlyTally, useHeartbeat } from './live'
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
    let heard: Heard = null
    const drilled = () => {
      if (!store.hb) return
      const said = hear(store.hb.drills ?? [], heard)
      heard = said.heard
      if (said.alarm || said.turn === 'began') player.once(drillSound)
    }
    const ends = [
      store.on('alarms', look),
      store.on('hb', look),
      store.on('hb', drilled),
      prefs.subscribe(look),
    ]
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
  const early = useEarlyTally() !== null
  const text = useAlarmText()
  const { t } = useWords()
  const known = useRef<Set<string> | null>(null)
  const politeAt = useRef(0)
  const [words, setWords] = useState({ urgent: '', polite: '' })
  useEffect(() => {
    if (early) return
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
  }, [alarms, early])
  return (
    <>
      <div className="sr" aria-live="assertive">
        {words.urgent}
      </div>
      <div className="sr" aria-live="polite">
        {words.polite}
      </div>
      <SpokenDrill />
    </>
  )
}

/** A drill in words, in a region of its own: its line begins with the mark and never takes a real alarm's place. */
function SpokenDrill() {
  const hb = useHeartbeat()
  const drills = hb?.drills
  const { t, tx } = useWords()
  const heard = useRef<Heard>(null)
  const [line, setLine] = useState('')
  const told =
    hb && (drills ?? []).map((d) => d.room + (d.alarms ?? []).map((a) => a.key + a.since).join()).join('\n')
  useEffect(() => {
    if (!hb) return
    const said = hear(drills ?? [], heard.current)
    heard.current = said.heard
    if (said.alarm) setLine(t('drill-said', { what: tx(said.alarm.text, said.alarm.key) }))
    else if (said.turn) setLine(t(`drill-${said.turn}`, { room: drills?.[0]?.room ?? '' }))
    // once for each change of the drill, not with every beat or change of language
  }, [told])
  return (
    <div className="sr" aria-live="polite">
      {line}
    </div>
  )
}
