// The dialog of an act. A dangerous one names the asset, says what will happen, has the id typed and
// asks for the password again where two people are needed: the second one signs at another station; a plain one only asks what it must know.
// Either can be left with one press, and Enter never confirms.

import { useEffect, useState, type KeyboardEvent, type ReactNode } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { newKey } from '../api/client'
import { whoSeconds, type Right } from '../live/rights'
import { problemText, useOff } from './act'
import { FieldInput, type Field } from './fields'
import { notify } from './notices'
import { useWords } from './text'
import '../style/dialog.css'

export interface DangerProps {
  title: string
  right: Right
  /** What it is done to; typed exactly, unless the act is a plain one. */
  asset: string
  /** Nothing has to be typed: the act can be taken back, or only says something. */
  plain?: boolean
  /** What will happen, one line each. */
  consequences: readonly string[]
  /** Live facts a person must see before deciding. */
  facts?: ReactNode
  /** A word on what has been entered so far. */
  comment?: (values: Record<string, string>) => ReactNode
  fields?: readonly Field[]
  confirmWord: string
  submit: (
    values: Record<string, string>,
    proof: { confirm: string; password: string },
    key: string,
  ) => Promise<unknown>
  close: () => void
}

/** An open request cancels itself: a forgotten dialog must not be there to press hours later. */
const expires = 120

export function Danger(p: DangerProps) {
  const { t } = useWords()
  return (
    <ModalOverlay
      className="overlay"
      isOpen
      onOpenChange={(open) => !open && p.close()}
      isDismissable={false}
    >
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{p.title}</Heading>
          {p.asset && <p className="dialog-asset">{t('danger.asset', { asset: p.asset })}</p>}
          {p.facts}
          {p.consequences.length > 0 && (
            <ul className="dialog-consequences">
              {p.consequences.map((c) => (
                <li key={c}>{c}</li>
              ))}
            </ul>
          )}
          <Form {...p} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

function useExpiry(close: () => void): number {
  const [left, setLeft] = useState(expires)
  useEffect(() => {
    const timer = setInterval(() => setLeft((n) => n - 1), 1000)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => {
    if (left <= 0) close()
  }, [left, close])
  return left
}

const noEnter = (e: KeyboardEvent) => {
  if (e.key === 'Enter') e.preventDefault()
}

function initialValues(fields: readonly Field[]): Record<string, string> {
  return Object.fromEntries(fields.map((f) => [f.name, f.initial ?? '']))
}

/** The fields to ask for, given what was chosen in the others. */
const asked = (p: DangerProps, values: Record<string, string>): Field[] =>
  (p.fields ?? []).filter((f) => !f.when || values[f.when.field] === f.when.is)

interface Draft {
  values: Record<string, string>
  typed: string
  password: string
}

/** What the request still lacks, in words. */
function useMissing(p: DangerProps, d: Draft): string {
  const { t } = useWords()
  const blocked = useOff(p.right)
  const missing = [
    !p.plain && d.typed !== p.asset && t('danger.type', { asset: p.asset }),
    ...asked(p, d.values)
      .filter((f) => f.required && !d.values[f.name]?.trim())
      .map((f) => f.label),
    whoSeconds(p.right).length > 0 && !d.password && t('danger.password'),
  ].filter((m): m is string => Boolean(m))
  return blocked || (missing.length > 0 ? t('danger.missing', { what: missing.join(' · ') }) : '')
}

function Form(p: DangerProps) {
  const { t } = useWords()
  const [draft, setDraft] = useState<Draft>(() => ({
    values: initialValues(p.fields ?? []),
    typed: '',
    password: '',
  }))
  const [key] = useState(newKey)
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const left = useExpiry(p.close)
  const why = useMissing(p, draft)
  const confirm = async () => {
    if (why || busy) return
    setBusy(true)
    setFault('')
    try {
      const told = await p.submit(draft.values, { confirm: draft.typed, password: draft.password }, key)
      const done = whoSeconds(p.right).length > 0 ? 'danger.waits' : 'danger.done'
      notify(typeof told === 'string' ? told : t(done, { title: p.title }))
      p.close()
    } catch (e) {
      setFault(problemText(e, t))
      setBusy(false)
    }
  }
  return (
    <div className="dialog-form" onKeyDown={(e) => e.target instanceof HTMLInputElement && noEnter(e)}>
      {asked(p, draft.values).map((f) => (
        <FieldInput
          key={f.name}
          field={f}
          value={draft.values[f.name] ?? ''}
          set={(v) => setDraft((d) => ({ ...d, values: { ...d.values, [f.name]: v } }))}
        />
      ))}
      {p.comment?.(draft.values)}
      {!p.plain && (
        <label>
          <span>{t('danger.type', { asset: p.asset })}</span>
          <input
            value={draft.typed}
            autoComplete="off"
            spellCheck={false}
            onChange={(e) => setDraft((d) => ({ ...d, typed: e.target.value }))}
          />
        </label>
      )}
      {whoSeconds(p.right).length > 0 && (
        <>
          <label>
            <span>{t('danger.password')}</span>
            <input
              type="password"
              value={draft.password}
              autoComplete="off"
              onChange={(e) => setDraft((d) => ({ ...d, password: e.target.value }))}
            />
          </label>
          <p className="muted">{t('danger.two')}</p>
        </>
      )}
      <p className="login-fault" role="alert">
        {fault}
      </p>
      <p className="muted" id="danger-why">
        {why || t('danger.ready')} · {t('danger.expires', { s: left })}
      </p>
      <div className="dialog-buttons">
        <button type="button" className="button" autoFocus={!p.plain} onClick={p.close}>
          {t('cancel')}
        </button>
        <button
          type="button"
          className={p.plain ? 'button' : 'button danger'}
          aria-disabled={why ? true : undefined}
          aria-describedby="danger-why"
          aria-busy={busy || undefined}
          onKeyDown={noEnter}
          onClick={() => void confirm()}
        >
          {p.confirmWord}
        </button>
      </div>
    </div>
  )
}
