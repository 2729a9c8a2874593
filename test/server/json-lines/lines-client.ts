/** A real node and connections of JSON lines to it, without sockets: a test sees what would be sent, and can refuse to take it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { MIB, parseNodeName, textFromBinary, utf8 } from '../../../base/index.ts'
import { NODE_DEFAULTS, Node } from '../../../server/index.ts'
import { JsonLinesProtocol } from '../../../server/json-lines/json-lines-protocol.ts'
import { HeldBytes } from '../../../server/tcp/held-bytes.ts'
import { Turns } from '../../../server/tcp/turns.ts'
import type { Session, Wire } from '../../../server/tcp/wire.ts'
import { eventually } from '../../support/eventually.ts'

const ANSWER_DEADLINE_MS = 5000
export const MAX_VALUE_BYTES = 64 * 1024

/** Fields that answers have, each where it says so. */
export interface LineAnswer {
  readonly id?: unknown
  readonly key?: string
  readonly value?: unknown
  readonly type?: string
  readonly encoding?: string
  readonly version: string
  readonly session: string
  readonly deleted?: boolean | number
  readonly items: readonly { readonly key: string; readonly value?: unknown; readonly version?: string }[]
  readonly cursor: string | null
  readonly conflicts?: number
  readonly error?: { readonly code: string; readonly message: string; readonly details?: Readonly<Record<string, unknown>> }
}

export class LinesClient implements Wire {
  readonly remote = '127.0.0.1:1'
  isClogged = false
  isEnded = false
  isPaused = false
  isExpecting = false
  /** Everything that was sent. */
  sent = ''
  readonly #session: Session

  constructor(protocol: JsonLinesProtocol) {
    this.#session = protocol.open(this)
  }

  get lines(): readonly string[] {
    return this.sent.split('\n').slice(0, -1)
  }

  get answers(): readonly LineAnswer[] {
    return this.lines.map((line) => JSON.parse(textFromBinary(line) ?? '') as LineAnswer)
  }

  /** Sends text as it is. */
  send(text: string | Uint8Array): void {
    this.#session.take(Buffer.from(typeof text === 'string' ? utf8(text) : text))
  }

  /** Sends a line, or an object as one, and waits for the answer to it. */
  async ask(line: string | object): Promise<LineAnswer> {
    const count = this.lines.length
    this.send(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    const answers = await this.answered(count + 1)
    const answer = answers.at(-1)
    if (answer === undefined) throw new Error('there are answers')
    return answer
  }

  /** Waits for so many answers in all. */
  async answered(count: number): Promise<readonly LineAnswer[]> {
    await eventually(
      () => this.lines.length >= count,
      ANSWER_DEADLINE_MS,
      () => `answer ${count}, after ${this.sent.slice(-400)}`,
    )
    return this.answers
  }

  endInput(): void {
    this.#session.inputEnded()
  }

  stopSession(): void {
    this.#session.stop()
  }

  close(): void {
    this.#session.closed()
  }

  /** Takes what was made for it again. */
  unclog(): void {
    this.isClogged = false
    this.#session.drained()
  }

  write(text: string): void {
    this.sent += text
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  expect(isWaiting: boolean): void {
    this.isExpecting = isWaiting
  }

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    this.isEnded = true
  }
}

export interface LinesWorld {
  readonly node: Node
  readonly held: HeldBytes
  connect(): LinesClient
  stop(): Promise<void>
}

export async function openLines(heldBytesMax = 64 * MIB): Promise<LinesWorld> {
  const root = await mkdtemp(join(tmpdir(), 'skein-lines-'))
  const config = { ...NODE_DEFAULTS, node: parseNodeName('n1'), data: join(root, 'n1'), gossip: null, minFreeBytes: 0 }
  const node = await Node.open(
    { ...config, journalSegmentBytes: 16 * MIB },
    {
      onFatal: (failure) => {
        throw failure
      },
    },
  )
  await node.start()
  const held = new HeldBytes(heldBytesMax)
  const logger = pino({ level: 'silent' })
  const protocol = new JsonLinesProtocol({ gateway: node, maxValueBytes: MAX_VALUE_BYTES, turns: new Turns(), held, logger })
  return {
    node,
    held,
    connect: () => new LinesClient(protocol),
    stop: async () => {
      await node.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
