// The second factor of one's own account: off or on, and the ways between.

import { useState } from 'react'
import { post } from '../../api/client'
import type { OwnAccount } from '../../live/accounts'
import { Act } from '../../ui/act'
import { useWords } from '../../ui/text'
import { Ask, Line, Password } from './ask'
import { EnrolSteps, Recovery } from './enrol-steps'

type Open = 'enrol' | 'remove' | 'recovery' | null

export function Factor({ account, renew }: { account: OwnAccount; renew: () => void }) {
  const { t } = useWords()
  const [open, setOpen] = useState<Open>(null)
  const [codes, setCodes] = useState<string[]>([])
  const off = account.writable ? '' : t('acc.read-only')
  const done = () => {
    setOpen(null)
    renew()
  }
  return (
    <section className="panel" aria-labelledby="acc-factor">
      <h2 id="acc-factor">{t('acc.factor')}</h2>
      <p>
        <strong>{account.factor ? `● ${t('acc.factor-on')}` : `○ ${t('acc.factor-off')}`}</strong>
        {account.factor && ` · ${t('acc.recovery-left', { n: account.recovery })}`}
      </p>
      {account.factor_required && <p className="muted">{t('acc.factor-required')}</p>}
      {open === 'enrol' ? (
        <EnrolSteps standing={account.factor} close={() => setOpen(null)} done={done} />
      ) : (
        <p className="buttons">
          <Act primary={!account.factor} off={off} onAct={() => setOpen('enrol')}>
            {t(account.factor ? 'acc.factor-another' : 'acc.factor-enrol')}
          </Act>
          {account.factor && (
            <>
              <Act off={off} onAct={() => setOpen('recovery')}>
                {t('acc.recovery-new')}
              </Act>
              <Act
                off={off || (account.factor_required ? t('acc.factor-required') : '')}
                onAct={() => setOpen('remove')}
              >
                {t('acc.factor-remove')}
              </Act>
            </>
          )}
        </p>
      )}
      {codes.length > 0 && <Recovery codes={codes} done={() => setCodes([])} />}
      {open === 'remove' && (
        <Holder
          title={t('acc.factor-remove')}
          note={t('acc.factor-remove-note')}
          danger
          close={() => setOpen(null)}
          submit={async (proof) => {
            await post('account/factor/remove', proof)
            renew()
          }}
        />
      )}
      {open === 'recovery' && (
        <Holder
          title={t('acc.recovery-new')}
          note={t('acc.recovery-new-note')}
          close={() => setOpen(null)}
          submit={async (proof) => {
            setCodes((await post<{ recovery: string[] }>('account/recovery', proof)).recovery)
            renew()
          }}
        />
      )}
    </section>
  )
}

interface HolderProps {
  title: string
  note: string
  danger?: boolean
  submit: (proof: { password: string; code: string }) => Promise<void>
  close: () => void
}

/** Asks for all that the account has: its password and its code. */
function Holder({ title, note, danger, submit, close }: HolderProps) {
  const { t } = useWords()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const lacks = [!password && t('acc.password-now'), !code && t('acc.code')].filter(Boolean).join(' · ')
  return (
    <Ask
      title={title}
      note={note}
      lacks={lacks}
      word={title}
      danger={danger}
      submit={() => submit({ password, code })}
      close={close}
    >
      <Password label={t('acc.password-now')} value={password} set={setPassword} known />
      <Line label={t('acc.code')} value={code} set={setCode} code />
    </Ask>
  )
}
