/** A real node by itself with an HTTP door whose limits a test can choose. */

import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { parseNodeName } from '../../../base/index.ts'
import { HttpDoor, type HttpLimits } from '../../../server/http/index.ts'
import { NODE_DEFAULTS, Node } from '../../../server/index.ts'

export interface RunningDoor {
  readonly url: string
  readonly node: Node
  readonly door: HttpDoor
  stop(): Promise<void>
}

export const MAX_VALUE_BYTES = 64 * 1024

export async function openDoor(limits: Partial<HttpLimits> = {}): Promise<RunningDoor> {
  const root = await mkdtemp(join(tmpdir(), 'skein-door-'))
  const config = { ...NODE_DEFAULTS, node: parseNodeName('n1'), data: join(root, 'n1'), gossip: null, minFreeBytes: 0 }
  const node = await Node.open(
    { ...config, journalSegmentBytes: 16 * 1024 * 1024 },
    {
      onFatal: (failure) => {
        throw failure
      },
    },
  )
  await node.start()
  const logger = pino({ level: 'silent' })
  const door = await HttpDoor.open({ gateway: node, host: '127.0.0.1', port: 0, maxValueBytes: MAX_VALUE_BYTES, limits, logger })
  return {
    url: door.url,
    node,
    door,
    stop: async () => {
      await door.close()
      await node.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** Sends text on a bare connection, and gathers what comes back until the other side ends it. */
export function sendRaw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(text, 'latin1')))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}

/** A request on a connection of its own, with its target exactly as given: `fetch` would tidy it up. */
export function sendRequest(url: string, method: string, target: string, headers: readonly string[] = [], body = ''): Promise<string> {
  const lines = [`${method} ${target} HTTP/1.1`, 'host: skein', 'connection: close', ...headers]
  if (body.length > 0) lines.push(`content-length: ${Buffer.byteLength(body, 'latin1')}`)
  return sendRaw(url, `${lines.join('\r\n')}\r\n\r\n${body}`)
}

/** Fields that the API's answers have, each where it says so. */
export interface Answer {
  readonly version: string
  readonly session: string
  readonly deleted: boolean | number
  readonly expiresAt: string
  readonly items: readonly AnswerItem[]
  readonly cursor: string | null
  readonly error: { readonly code: string; readonly message: string; readonly details?: Readonly<Record<string, unknown>> }
}

export interface AnswerItem {
  readonly key: string
  readonly keyEncoding?: string
  readonly value?: unknown
  readonly type: string
  readonly encoding?: string
  readonly version: string
}

/** The JSON of an answer; the tests check what they use of it. */
export async function jsonOf<T = Answer>(response: Response): Promise<T> {
  return (await response.json()) as T
}
