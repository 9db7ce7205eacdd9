// The way of a phone into an account: the own password, the picture, a code that shows that it works, and the codes
// for the day the phone is lost.

import { useState, type FormEvent } from 'react'
import { post } from '../../api/client'
import { inFours, qrPath, type NewFactor } from '../../live/accounts'
import { problemText } from '../../ui/act'
import { useWords } from '../../ui/text'
import { Line, Password } from './ask'

interface Steps {
  /** A second factor stands already: its code is asked for too. */
  standing: boolean
  close?: () => void
  done: () => void
}

export function EnrolSteps({ standing, close, done }: Steps) {
  const { t } = useWords()
  const [begun, setBegun] = useState<NewFactor | null>(null)
  const [codes, setCodes] = useState<string[]>([])
  const [password, setPassword] = useState('')
  const [former, setFormer] = useState('')
  const [code, setCode] = useState('')
  const { fault, busy, run } = useSubmit()
  if (codes.length > 0) return <Recovery codes={codes} done={done} />
  const begin = run(async () => setBegun(await post<NewFactor>('account/factor', { password, code: former })))
  const confirm = run(async () =>
    setCodes((await post<{ recovery: string[] }>('account/factor/confirm', { code })).recovery),
  )
  return (
    <form className="enrol" onSubmit={begun ? confirm : begin}>
      {begun ? (
        <>
          <p>{t('acc.scan')}</p>
          <Picture rows={begun.picture} />
          <p>
            {t('acc.secret')} <code className="enrol-secret">{inFours(begun.secret)}</code>
          </p>
          <Line label={t('acc.code-shown')} value={code} set={setCode} code />
        </>
      ) : (
        <>
          <p>{t('acc.enrol-first')}</p>
          <Password label={t('acc.password-now')} value={password} set={setPassword} known />
          {standing && <Line label={t('acc.code')} value={former} set={setFormer} code />}
        </>
      )}
      <p className="login-fault" role="alert">
        {fault}
      </p>
      <p className="buttons">
        <button type="submit" className="button primary" aria-busy={busy || undefined} disabled={busy}>
          {t(begun ? 'acc.confirm' : 'acc.next')}
        </button>
        {close && (
          <button type="button" className="button" onClick={close}>
            {t('cancel')}
          </button>
        )}
      </p>
    </form>
  )
}

function useSubmit() {
  const { t } = useWords()
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const run = (act: () => Promise<void>) => (e: FormEvent) => {
    e.preventDefault()
    setBusy(true)
    setFault('')
    act()
      .catch((refusal: unknown) => setFault(problemText(refusal, t)))
      .finally(() => setBusy(false))
  }
  return { fault, busy, run }
}

/** Dark on light in every theme: a phone reads nothing else for sure. */
function Picture({ rows }: { rows: readonly string[] }) {
  const { t } = useWords()
  const { path, side } = qrPath(rows)
  return (
    <svg className="qr" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={t('acc.picture')}>
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

/** The codes for the day the phone is lost. They leave only by a press: they are never shown again. */
export function Recovery({ codes, done }: { codes: readonly string[]; done: () => void }) {
  const { t } = useWords()
  return (
    <div className="recovery" role="status">
      <p>
        <strong>{t('acc.recovery-title')}</strong>
      </p>
      <p>{t('acc.recovery-keep')}</p>
      <ol>
        {codes.map((c) => (
          <li key={c}>
            <code>{c}</code>
          </li>
        ))}
      </ol>
      <p className="buttons">
        <button type="button" className="button primary" onClick={done}>
          {t('acc.recovery-kept')}
        </button>
      </p>
    </div>
  )
}
