/**
 * Single requests to one node over plain HTTP, answered or refused once: for tests that must see
 * what a node itself says, where the client library would try another one.
 */

/** What `?meta=true` tells of a key. */
export interface ItemAnswer {
  readonly value: unknown
  readonly version: string
  readonly writer: string
  /** ISO 8601, in milliseconds. */
  readonly timestamp: string
  readonly conflicts: number
}

export interface Answer {
  readonly status: number
  /** Of the error, or null if it is none. */
  readonly code: string | null
  readonly body: unknown
}

export interface ConflictSideAnswer {
  readonly version: string
  readonly writer: string
  readonly timestamp: string
  readonly epoch: number
  readonly value: unknown
  readonly clock: Readonly<Record<string, number>>
}

export interface ConflictAnswer {
  readonly winner: ConflictSideAnswer
  readonly loser: ConflictSideAnswer
  readonly rule: string
}

/** Writes a JSON value, once. */
export async function put(url: string, key: string, value: unknown, query = ''): Promise<Answer> {
  return send(`${url}/v1/keys/${encodeURIComponent(key)}${query}`, 'PUT', value)
}

export async function batch(url: string, pairs: readonly (readonly [string, unknown])[]): Promise<Answer> {
  return send(`${url}/v1/batch`, 'POST', { ops: pairs.map(([key, value]) => ({ op: 'set', key, value })) })
}

/** Writes a JSON value and returns its version; fails if the node refuses. */
export async function mustPut(url: string, key: string, value: unknown, query = ''): Promise<string> {
  const answer = await put(url, key, value, query)
  if (answer.status !== 200) throw new Error(`writing ${key} at ${url} was refused: ${JSON.stringify(answer.body)}`)
  return versionOf(answer)
}

export function versionOf({ body }: Answer): string {
  if (typeof body !== 'object' || body === null || !('version' in body) || typeof body.version !== 'string') {
    throw new Error(`no version in ${JSON.stringify(body)}`)
  }
  return body.version
}

/** The item at a key, or null if there is none. */
export async function getItem(url: string, key: string): Promise<ItemAnswer | null> {
  const response = await fetch(`${url}/v1/keys/${encodeURIComponent(key)}?meta=true`)
  const body: unknown = await response.json()
  if (response.status === 404) return null
  if (!response.ok) throw new Error(`reading ${key} at ${url} was refused: ${JSON.stringify(body)}`)
  return body as ItemAnswer
}

/** Every item of a node, by key. */
export async function allItems(url: string): Promise<Map<string, ItemAnswer>> {
  const items = new Map<string, ItemAnswer>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response: Response = await fetch(
      `${url}/v1/keys?values=true&limit=10000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    )
    if (!response.ok) throw new Error(`scanning ${url} was refused: ${await response.text()}`)
    const page = (await response.json()) as { items: readonly (ItemAnswer & { readonly key: string })[]; cursor: string | null }
    for (const item of page.items) items.set(item.key, item)
    cursor = page.cursor
  }
  return items
}

/** The conflicts of every key of a node, by key. */
export async function allConflicts(url: string): Promise<Map<string, readonly ConflictAnswer[]>> {
  const found = new Map<string, readonly ConflictAnswer[]>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response: Response = await fetch(`${url}/v1/conflicts${cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`}`)
    if (!response.ok) throw new Error(`listing conflicts of ${url} was refused: ${await response.text()}`)
    const page = (await response.json()) as {
      items: readonly { key: string; conflicts: readonly ConflictAnswer[] }[]
      cursor: string | null
    }
    for (const { key, conflicts } of page.items) found.set(key, conflicts)
    cursor = page.cursor
  }
  return found
}

async function send(url: string, method: string, value: unknown): Promise<Answer> {
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
  const body: unknown = await response.json()
  return { status: response.status, code: codeOf(body), body }
}

function codeOf(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  const { error } = body
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : null
}
