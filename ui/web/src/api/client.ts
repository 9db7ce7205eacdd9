// Calls to the API. Every refusal becomes a Problem with the server's own advice in it.

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** The whole answer, for a refusal that says more than a sentence. */
    readonly body: unknown = null,
  ) {
    super(detail || title)
  }
}

const base = '/api/v1/'
const patience = 10_000

async function call(method: string, path: string, body?: unknown, key?: string): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (method === 'POST') headers['Idempotency-Key'] = key ?? newKey()
  const r = await fetch(base + path, {
    method,
    headers,
    credentials: 'same-origin',
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(patience),
  }).catch((e: unknown) => {
    throw new Problem(0, 'no-answer', e instanceof Error ? e.message : '')
  })
  const text = await r.text()
  const json: unknown = text && r.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null
  if (r.ok) return json
  const p = (json ?? {}) as { title?: string; detail?: string }
  throw new Problem(r.status, p.title ?? String(r.status), p.detail ?? '', json)
}

export const get = <T>(path: string): Promise<T> => call('GET', path) as Promise<T>
/** A key given by the caller makes a repeated press the same act. */
export const post = <T>(path: string, body: unknown = {}, key?: string): Promise<T> =>
  call('POST', path, body, key) as Promise<T>
export const put = <T>(path: string, body: unknown): Promise<T> => call('PUT', path, body) as Promise<T>
export const del = <T>(path: string): Promise<T> => call('DELETE', path) as Promise<T>

export interface Page<T> {
  items: T[] | null
  next?: string
}

/** All pages of a list, up to a bound that keeps a huge site from filling the browser. */
export async function all<T>(path: string, bound = 20_000): Promise<T[]> {
  const out: T[] = []
  let after = ''
  do {
    const join = path.includes('?') ? '&' : '?'
    const page = await get<Page<T>>(after ? `${path}${join}after=${encodeURIComponent(after)}` : path)
    out.push(...(page.items ?? []))
    after = page.next ?? ''
  } while (after && out.length < bound)
  return out
}

/** An id for one act. randomUUID exists only in secure contexts; a plain-HTTP desk needs keys too. */
export function newKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('')
}

/** An id with slashes as one path segment. */
export const segment = (id: string): string => encodeURIComponent(id)
