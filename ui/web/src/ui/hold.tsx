// Arm, then hold for two seconds. With a keyboard or a switch: arm, then Execute within ten seconds. Enter never
// does either; letting go, leaving or waiting takes the arm back.

import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useWords } from './text'

const holdFor = 2000
const armedFor = 10_000

interface HoldProps {
  word: string
  /** Why it cannot be done now, empty when it can. */
  why: string
  busy: boolean
  act: () => void
}

const noEnter = (e: KeyboardEvent) => {
  if (e.key === 'Enter') e.preventDefault()
}

export function Hold({ word, why, busy, act }: HoldProps) {
  const { t } = useWords()
  const [armed, setArmed] = useState(false)
  const [held, setHeld] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const stop = () => {
    clearTimeout(timer.current)
    setHeld(false)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    if (!armed) return
    const over = setTimeout(() => setArmed(false), armedFor)
    return () => clearTimeout(over)
  }, [armed])
  const start = () => {
    if (why || busy) return
    setHeld(true)
    timer.current = setTimeout(() => {
      stop()
      setArmed(false)
      act()
    }, holdFor)
  }
  const execute = () => {
    setArmed(false)
    act()
  }
  if (!armed || why)
    return (
      <button
        type="button"
        className="button danger"
        aria-disabled={why || busy ? true : undefined}
        aria-describedby="order-why"
        onKeyDown={noEnter}
        onClick={() => !why && !busy && setArmed(true)}
      >
        {t('cmd.arm', { what: word })}
      </button>
    )
  return (
    <span className="order-hold">
      <button
        type="button"
        className="button danger hold"
        data-held={held || undefined}
        onPointerDown={start}
        onPointerUp={stop}
        onPointerLeave={stop}
        onPointerCancel={stop}
        onContextMenu={(e) => e.preventDefault()}
        onKeyDown={noEnter}
      >
        {t('cmd.hold')}
      </button>
      <button type="button" className="button" onKeyDown={noEnter} onClick={execute}>
        {t('cmd.execute')}
      </button>
    </span>
  )
}
