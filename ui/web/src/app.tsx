// Who is here decides what is shown: the log-in page, or the console with its live stream.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query'
import {
  createElement,
  Suspense,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ComponentType,
} from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import { all, del, get, Problem } from './api/client'
import { Catalogue } from './live/catalogue'
import { onlyDecides } from './live/committee'
import type { Plant } from './live/plant'
import { chosen, prefs } from './live/prefs'
import { LiveStore } from './live/store'
import { LiveStream } from './live/stream'
import type { Session, Site } from './live/types'
import { everyWord, wordsOf } from './text'
import type { ScreenName } from './text/topics'
import { ConsoleContext, useConsole, type Console } from './ui/context'
import { Frame } from './ui/frame'
import { isNarrow } from './ui/narrow'
import { learn } from './ui/second'
import { Failed, Loading } from './ui/states'
import { recovered } from './ui/banner'

// Each screen is a chunk of its own and comes with its words.
const files = {
  overview: () => import('./screens/overview/overview'),
  battery: () => import('./screens/battery/battery'),
  handover: () => import('./screens/handover/handover'),
  cooling: () => import('./screens/cooling/cooling'),
  line: () => import('./screens/line/line'),
  alarms: () => import('./screens/alarms/alarms'),
  journal: () => import('./screens/journal/journal'),
  orders: () => import('./screens/orders/orders'),
  sim: () => import('./screens/sim/sim'),
  trends: () => import('./screens/trends/trends'),
  war: () => import('./screens/war/war'),
  failover: () => import('./screens/failover/failover'),
  sites: () => import('./screens/sites/sites'),
  phone: () => import('./screens/phone/phone'),
  system: () => import('./screens/system/system'),
  account: () => import('./screens/account/account'),
} satisfies Record<ScreenName, () => Promise<{ default: ComponentType }>>

/** Screens that are here with their words. */
const here = new Map<ScreenName, ComponentType>()

const bring = (name: ScreenName): Promise<ComponentType> =>
  Promise.all([files[name](), wordsOf(name)]).then(([file]) => {
    here.set(name, file.default)
    return file.default
  })

// Shown as soon as it is here. What React itself shows in the place of a part to come stays for 300 ms, however soon it comes.
// A part that does not come can be asked for again; if it is still not there, an update took it away and the page is loaded anew.
const soon = <P extends object>(
  load: () => Promise<ComponentType<P>>,
  now?: () => ComponentType<P> | undefined,
) =>
  function Soon(props: P) {
    const [Loaded, set] = useState(now)
    const [failed, fail] = useState<unknown>()
    const [tries, setTries] = useState(0)
    useEffect(() => {
      if (Loaded) return
      let gone = false
      load().then(
        (come) => gone || set(() => come),
        (error: unknown) => gone || fail(error),
      )
      return () => void (gone = true)
    }, [Loaded, tries])
    if (Loaded) return createElement(Loaded, props)
    if (failed === undefined) return <Loading rows={8} />
    const again = () => {
      if (tries > 0) return location.reload()
      fail(undefined)
      setTries((n) => n + 1)
    }
    return <Failed error={failed} retry={again} />
  }

const screen = (name: ScreenName) =>
  soon(
    () => bring(name),
    () => here.get(name),
  )

const ways: [path: string, name: ScreenName][] = [
  ['/o', 'overview'],
  ['/b/:room?', 'battery'],
  ['/b/:room/handover', 'handover'],
  ['/cool', 'cooling'],
  ['/e', 'line'],
  ['/a', 'alarms'],
  ['/j', 'journal'],
  ['/c/:record?', 'orders'],
  ['/sim', 'sim'],
  ['/t', 'trends'],
  ['/w/:incident?', 'war'],
  ['/f', 'failover'],
  ['/sites', 'sites'],
  ['/m', 'phone'],
  ['/s', 'system'],
  ['/u', 'account'],
]

const screens = ways.map(([path, name]) => [path, screen(name)] as const)

const loginFile = () => import('./screens/login/login')
const Login = soon(() => loginFile().then((m) => m.default))
const Enrol = soon(() =>
  Promise.all([import('./screens/account/enrol'), wordsOf('account')]).then(([m]) => m.default),
)

const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => get<Session>('session'),
  retry: (n: number, e: Error) => !refused(e) && n < 2,
  staleTime: Infinity,
})

const siteQuery = queryOptions({ queryKey: ['site'], queryFn: () => get<Site>('site'), staleTime: Infinity })

/** Asks at once for what the first screen needs: one after the other it would take four ways to the server. */
export function startAsking(queries: QueryClient): void {
  void queries.prefetchQuery(sessionQuery)
  void queries.prefetchQuery(siteQuery)
  const first = location.pathname.split('/')[1] ?? ''
  const name = ways.find(([path]) => path.split('/')[1] === first)?.[1]
  if (first === 'login') void loginFile().catch(() => undefined)
  if (name) bring(name).catch(() => undefined) // the screen asks again, and says what is wrong
}

export function App() {
  const [at, go] = useLocation()
  const session = useQuery({
    ...sessionQuery,
    // A wall screen may come up before its server does: it keeps asking.
    refetchInterval: (q) => (q.state.status === 'error' && !refused(q.state.error) ? 5000 : false),
  })
  const loggedOut = refused(session.error)
  if (session.isPending) return <Loading rows={6} />
  if (loggedOut || at === '/login') {
    const elsewhere = at !== '/login' && at !== '/'
    const done = (s: Session) => go(elsewhere ? at : home(s.roles))
    if (session.data) return <Redirect to={home(session.data.roles)} />
    return <Login done={done} />
  }
  if (!session.data) return <Failed error={session.error} retry={() => void session.refetch()} />
  if (session.data.enrol)
    return <Enrol session={session.data} done={() => void session.refetch()} leave={leave} />
  return <Inside session={session.data} />
}

/** Where a person begins: on a phone, who only decides begins with what is to be decided. */
const home = (roles: readonly string[]): string => (isNarrow() && onlyDecides(roles) ? '/m' : '/o')

const leave = () => void del('session').finally(() => location.assign('/login'))

const refused = (e: unknown): boolean => e instanceof Problem && e.status === 401

function Inside({ session }: { session: Session }) {
  const site = useQuery(siteQuery)
  const plant = usePlant(site.data?.revision)
  const live = useLive()
  const queries = useQueryClient()
  const wall = useMemo(() => document.documentElement.dataset.wall === '1', [])
  const value = useMemo((): Console | null => {
    if (!site.data) return null
    return { ...live, site: site.data, session, plant, wall, logOut: leave }
  }, [site.data, live, session, plant, wall])
  const lang = site.data?.lang
  useEffect(() => {
    if (lang && !chosen()) prefs.getState().setLang(lang)
  }, [lang])
  useEffect(() => {
    // Every chunk is fetched while the server is known to be there, so that losing it later never
    // blanks a screen.
    const load = () =>
      void Promise.allSettled([everyWord(), loginFile(), ...Object.values(files).map((f) => f())])
    const timer = setTimeout(load, 1500)
    return () => clearTimeout(timer)
  }, [queries])
  if (!value) {
    if (site.error) return <Failed error={site.error} retry={() => void site.refetch()} />
    return <Loading rows={6} />
  }
  return (
    <ConsoleContext value={value}>
      <Frame>
        <Suspense fallback={<Loading rows={8} />}>
          <Screens />
        </Suspense>
      </Frame>
    </ConsoleContext>
  )
}

function Screens() {
  const { session } = useConsole()
  return (
    <Switch>
      {screens.map(([path, component]) => (
        <Route key={path} path={path} component={component} />
      ))}
      <Route>
        <Redirect to={home(session.roles)} />
      </Route>
    </Switch>
  )
}

/** The site's assets and point descriptions as screens ask for them; values come by the stream only. */
function usePlant(revision: string | undefined): Plant {
  const [catalogue] = useState(() => new Catalogue(all))
  const [known, setKnown] = useState(revision)
  useEffect(() => {
    if (known && revision !== known) catalogue.renew()
    setKnown(revision)
  }, [catalogue, known, revision])
  return useSyncExternalStore(catalogue.subscribe, () => catalogue.plant)
}

function useLive(): { store: LiveStore; stream: LiveStream } {
  const queries = useQueryClient()
  const [live] = useState(() => {
    const store = new LiveStore()
    const stream = new LiveStream(store, {
      loggedOut: () => void queries.resetQueries({ queryKey: ['session'] }),
      recovered,
    })
    store.on('hb', () => {
      if (store.hb) learn(store.hb.t)
    })
    return { store, stream }
  })
  useEffect(() => () => live.stream.stop(), [live])
  return live
}
