// The log-in page: id, password (paste and password managers welcome), and which machine this is.

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { get, post, Problem } from '../../api/client'
import type { Session, Site } from '../../live/types'
import { LangSwitch, ThemeSwitch } from '../../ui/switches'
import { problemText } from '../../ui/act'
import { useWords } from '../../ui/text'
import '../../style/login.css'

export default function Login({ done }: { done: (s: Session) => void }) {
  const { t, tx } = useWords()
  const { data: site } = useQuery({ queryKey: ['site'], queryFn: () => get<Site>('site'), retry: 1 })
  const where = site
    ? t('login.host', { host: `${tx(site.name, site.id)} · ${site.node} · ${site.build}` })
    : location.host
  return (
    <div className="login">
      <header className="login-head">
        <LangSwitch />
        <ThemeSwitch />
      </header>
      <main className="login-panel panel" id="main">
        <h1>{t('app.name')}</h1>
        <p className="muted">{t('app.about')}</p>
        {site?.drill && <p className="chip drill">{t('drill')}</p>}
        <LoginForm done={done} />
        <p className="muted login-host">{where}</p>
      </main>
    </div>
  )
}

function LoginForm({ done }: { done: (s: Session) => void }) {
  const { t } = useWords()
  const queries = useQueryClient()
  const [fault, setFault] = useState('')
  const [busy, setBusy] = useState(false)
  const [coded, setCoded] = useState(false)
  const submit = async (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const form = new FormData(e.currentTarget)
    setBusy(true)
    setFault('')
    try {
      const session = await post<Session>('session', {
        user: String(form.get('user') ?? ''),
        password: String(form.get('password') ?? ''),
        code: String(form.get('code') ?? '') || undefined,
      })
      queries.setQueryData(['session'], session)
      done(session)
    } catch (refusal) {
      const wrong = refusal instanceof Problem && refusal.status === 401
      const code = wrong && (refusal.body as { need?: string } | null)?.need === 'code'
      if (code) setCoded(true)
      setFault(
        code ? (coded ? t('login.code-wrong') : '') : wrong ? t('login.wrong') : problemText(refusal, t),
      )
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(e) => void submit(e)}>
      <label>
        <span>{t('login.user')}</span>
        <input
          name="user"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
        />
      </label>
      <label>
        <span>{t('login.password')}</span>
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {coded && (
        <label>
          <span>{t('login.code')}</span>
          <input name="code" autoComplete="one-time-code" required autoFocus />
        </label>
      )}
      <p className="login-fault" role="alert">
        {fault}
      </p>
      <button type="submit" className="button primary wide" aria-busy={busy || undefined} disabled={busy}>
        {t('login.go')}
      </button>
    </form>
  )
}
