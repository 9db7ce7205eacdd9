// A button that does something to the world. Where the person may not, it stays in sight and says
// why: a control that vanishes teaches nobody whom to call.

import { useId, useState, type ReactNode } from 'react'
import { Problem } from '../api/client'
import { whoMay, type Right } from '../live/rights'
import { useReadOnly } from './continuity'
import { useConnection } from './live'
import { notify } from './notices'
import { useConsole, useMay } from './context'
import { useWords } from './text'

export interface ActProps {
  right?: Right
  /** A reason in words why it cannot be done now. */
  off?: string
  onAct: () => Promise<unknown> | void
  danger?: boolean
  quiet?: boolean
  /** What is most likely wanted of several. */
  primary?: boolean
  /** One of several, and the one that holds now. */
  pressed?: boolean
  label?: string
  children: ReactNode
}

/** Why a control is off, or empty when it is on. */
export function useOff(right?: Right, off?: string): string {
  const { t } = useWords()
  const { wall } = useConsole()
  const allowed = useMay(right ?? 'alarm')
  const connection = useConnection()
  const readOnly = useReadOnly()
  if (wall) return t('off.wall')
  if (connection === 'lost' || connection === 'connecting') return t('off.lost')
  if (right && !allowed)
    return t('off.role', {
      roles: whoMay(right)
        .map((r) => t(`role.${r}`))
        .join(', '),
    })
  if (right === 'ask' && readOnly) return t('off.quorum')
  return off ?? ''
}

export function Act({ right, off, onAct, danger, quiet, primary, pressed, label, children }: ActProps) {
  const why = useOff(right, off)
  const id = useId()
  const tell = useTell()
  const [busy, setBusy] = useState(false)
  const press = async () => {
    if (why || busy) return
    setBusy(true)
    try {
      await onAct()
    } catch (e) {
      tell(e)
    } finally {
      setBusy(false)
    }
  }
  const kind = danger ? 'button danger' : primary ? 'button primary' : quiet ? 'button quiet' : 'button'
  return (
    <>
      <button
        type="button"
        className={kind}
        aria-disabled={why ? true : undefined}
        aria-describedby={why ? id : undefined}
        aria-busy={busy || undefined}
        aria-pressed={pressed}
        aria-label={label}
        title={why || label}
        onClick={() => void press()}
      >
        {children}
      </button>
      {why && (
        <span id={id} className="sr">
          {why}
        </span>
      )}
    </>
  )
}

/** Says a refusal in words: what the server advised, or what to do without an answer. */
export function useTell(): (e: unknown) => void {
  const { t } = useWords()
  return (e) => notify(problemText(e, t))
}

export function problemText(e: unknown, t: (key: string, o?: Record<string, unknown>) => string): string {
  if (!(e instanceof Problem)) return t('problem.unknown')
  if (e.status === 0) return t('problem.no-answer')
  if (e.status === 403) return t('problem.forbidden', { detail: e.detail })
  if (e.status === 401) return t('problem.logged-out')
  return e.detail || t('problem.status', { status: e.status, title: e.title })
}
