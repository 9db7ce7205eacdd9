// Everybody's accounts, for who keeps them.

import { useState } from 'react'
import { lastAdmin, type Account, type Accounts } from '../../live/accounts'
import { Act } from '../../ui/act'
import { useTimes, useWords } from '../../ui/text'
import { AddAccount, ChangeAccount, ResetPassword, SecondLook, type Look } from './changes'

type Open = { what: 'add' } | { what: 'change' | 'password' | Look; account: Account } | null

export function People({ accounts, renew }: { accounts: Accounts; renew: () => void }) {
  const { t } = useWords()
  const [open, setOpen] = useState<Open>(null)
  const off = accounts.writable ? '' : t('acc.read-only')
  const close = () => setOpen(null)
  return (
    <section className="panel" aria-labelledby="acc-people">
      <h2 id="acc-people">{t('acc.people')}</h2>
      <p className="muted">{t(accounts.shared ? 'acc.shared' : 'acc.alone')}</p>
      {accounts.factor_roles.length > 0 && (
        <p className="muted">
          {t('acc.factor-roles', { roles: accounts.factor_roles.map((r) => t(`role.${r}`)).join(', ') })}
        </p>
      )}
      <p className="buttons">
        <Act primary off={off} onAct={() => setOpen({ what: 'add' })}>
          {t('acc.add')}
        </Act>
      </p>
      <div className="scroll-x">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('acc.user')}</th>
              <th scope="col">{t('acc.roles')}</th>
              <th scope="col">{t('acc.state')}</th>
              <th scope="col">{t('acc.factor')}</th>
              <th scope="col">{t('acc.contact')}</th>
              <th scope="col">{t('acc.last')}</th>
              <th scope="col">{t('acc.changes')}</th>
            </tr>
          </thead>
          <tbody>
            {accounts.items.map((a) => (
              <Row
                key={a.user}
                account={a}
                off={off}
                last={lastAdmin(accounts.items, a.user)}
                open={(what) => setOpen({ what, account: a })}
              />
            ))}
          </tbody>
        </table>
      </div>
      <Unread accounts={accounts} />
      <Settled accounts={accounts} />
      {open?.what === 'add' && <AddAccount roles={accounts.roles} close={close} renew={renew} />}
      {open?.what === 'change' && (
        <ChangeAccount account={open.account} roles={accounts.roles} close={close} renew={renew} />
      )}
      {open?.what === 'password' && <ResetPassword account={open.account} close={close} renew={renew} />}
      {open && open.what !== 'add' && open.what !== 'change' && open.what !== 'password' && (
        <SecondLook what={open.what} account={open.account} close={close} renew={renew} />
      )}
    </section>
  )
}

interface RowProps {
  account: Account
  off: string
  last: boolean
  open: (what: 'change' | 'password' | Look) => void
}

function Row({ account: a, off, last, open }: RowProps) {
  const { t, tx } = useWords()
  const { full } = useTimes()
  const never = off || (a.own ? t('acc.not-oneself') : last ? t('acc.last-admin') : '')
  const press = (what: Parameters<typeof open>[0], word: string, why = off) => (
    <Act quiet off={why} label={`${word}: ${a.user}`} onAct={() => open(what)}>
      {word}
    </Act>
  )
  return (
    <tr data-down={a.disabled || undefined}>
      <th scope="row">
        {a.user}
        <span className="account-name">{tx(a.names, '')}</span>
      </th>
      <td className="remarks">{a.roles.map((r) => t(`role.${r}`)).join(', ')}</td>
      <td>
        {a.disabled ? `✕ ${t('acc.disabled')}` : `● ${t('acc.able')}`}
        {a.demo && <span className="account-name">{t('acc.demo')}</span>}
      </td>
      <td>
        {a.factor
          ? `● ${t('acc.on')}`
          : a.factor_required
            ? `○ ${t('acc.off-required')}`
            : `○ ${t('acc.off')}`}
      </td>
      <td>{[a.contact.phone, a.contact.mail].filter(Boolean).join(' · ') || '–'}</td>
      <td>{a.last_login ? full(Date.parse(a.last_login)) : t('acc.never')}</td>
      <td className="account-acts">
        {press('change', t('acc.change'))}
        {press('password', t('acc.password-reset'), off || (a.own ? t('acc.own-password') : ''))}
        {a.factor &&
          press('factor-remove', t('acc.factor-remove'), off || (a.own ? t('acc.not-oneself') : ''))}
        {a.disabled ? press('enable', t('acc.enable')) : press('disable', t('acc.disable'), never)}
        {press('remove', t('acc.remove'), never)}
      </td>
    </tr>
  )
}

/** Accounts of which two copies differed though neither came from the other. */
function Unread({ accounts }: { accounts: Accounts }) {
  const { t } = useWords()
  if (accounts.unread.length === 0) return null
  return (
    <div className="settled" role="status">
      <strong>⚠ {t('acc.unread')}</strong>
      <ul>
        {accounts.unread.map((u) => (
          <li key={u.user}>
            {u.user} · {u.why}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Settled({ accounts }: { accounts: Accounts }) {
  const { t } = useWords()
  const { full } = useTimes()
  if (accounts.settled.length === 0) return null
  return (
    <div className="settled" role="status">
      <strong>≠ {t('acc.settled')}</strong>
      <ul>
        {accounts.settled.map((s) => (
          <li key={s.user + s.at}>
            {full(Date.parse(s.at))} · {s.user} · {s.why}
          </li>
        ))}
      </ul>
    </div>
  )
}
