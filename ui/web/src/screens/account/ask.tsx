// The dialog of a change of accounts: what it does, what it needs, and what it still lacks. Escape leaves it.

import { useState, type FormEvent, type ReactNode } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { problemText } from '../../ui/act'
import { notify } from '../../ui/notices'
import { useWords } from '../../ui/text'
import '../../style/dialog.css'

export interface AskProps {
  title: string
  note?: string
  /** What is missing, in words; empty when it can be done. */
  lacks: string
  word: string
  danger?: boolean
  submit: () => Promise<void>
  close: () => void
  children: ReactNode
}

export function Ask({ title, note, lacks, word, danger, submit, close, children }: AskProps) {
  const { t } = useWords()
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async (e: FormEvent) => {
    e.preventDefault()
    if (lacks || busy) return
    setBusy(true)
    setFault('')
    try {
      await submit()
      notify(t('acc.done', { title }))
      close()
    } catch (refusal) {
      setFault(problemText(refusal, t))
      setBusy(false)
    }
  }
  return (
    <ModalOverlay className="overlay" isOpen onOpenChange={(open) => !open && close()} isDismissable={false}>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{title}</Heading>
          {note && <p>{note}</p>}
          <form className="dialog-form" onSubmit={(e) => void send(e)}>
            {children}
            <p className="login-fault" role="alert">
              {fault}
            </p>
            {lacks && (
              <p className="muted" id="ask-lacks">
                {t('acc.lacks', { what: lacks })}
              </p>
            )}
            <div className="dialog-buttons">
              <button type="button" className="button" onClick={close}>
                {t('cancel')}
              </button>
              <button
                type="submit"
                className={danger ? 'button danger' : 'button primary'}
                aria-disabled={lacks ? true : undefined}
                aria-describedby={lacks ? 'ask-lacks' : undefined}
                aria-busy={busy || undefined}
              >
                {word}
              </button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

interface Input {
  label: string
  value: string
  set: (v: string) => void
}

/** A password; known is one that stands, for the browser's keeper of passwords. */
export function Password({ label, value, set, known }: Input & { known?: boolean }) {
  return (
    <label>
      <span>{label}</span>
      <input
        type="password"
        autoComplete={known ? 'current-password' : 'new-password'}
        maxLength={256}
        value={value}
        onChange={(e) => set(e.target.value)}
      />
    </label>
  )
}

export function Line({ label, value, set, code }: Input & { code?: boolean }) {
  return (
    <label>
      <span>{label}</span>
      <input
        value={value}
        autoComplete={code ? 'one-time-code' : 'off'}
        autoCapitalize="none"
        spellCheck={false}
        onChange={(e) => set(e.target.value)}
      />
    </label>
  )
}
