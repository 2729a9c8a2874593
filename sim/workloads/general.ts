/**
 * What an application might do: reads and writes on a few hot keys and many others, batches,
 * deletes, conditional writes, scans, deadlines, write concerns, conflicts looked at and put
 * back. Clients stay at a node for a while, carry a session, and move.
 */

import type { Prng } from '../../base/index.ts'
import { type Dot, valueAt } from '../../crdt/index.ts'
import { between, oneIn, pick } from '../draw.ts'
import type { Call, Outcome, RunningWorkload, WorkloadContext } from '../workload.ts'
import { drawByte, drawValue, type ValueSizes } from './random-values.ts'
import {
  conflictsRequest,
  deleteOperation,
  getRequest,
  ifAbsent,
  ifVersion,
  restoreOperation,
  scanRequest,
  setOperation,
  transactionRequest,
  type WriteOptions,
} from './requests.ts'
import { SessionTokens } from './session-tokens.ts'

export interface GeneralOptions extends ValueSizes {
  /** Keys that everybody writes, and of so many calls one goes to them. */
  readonly hotKeys: number
  readonly hotOneIn: number
  readonly coldKeys: number
  /** One of so many writes has conditions. */
  readonly conditionalOneIn: number
}

/** A client goes to another node with one of so many calls. */
const MOVE_ONE_IN = 8
const BATCH_KEYS_MAX = 10
const SCAN_LIMIT = 20
const TTL_MAX_MS = 20_000
const HUNDRED = 100

/** What a client remembers from one call to the next. */
interface Memory {
  /** A key with the version that was read there. */
  seen: { readonly key: string; readonly version: Dot } | null
  /** A conflict's loser, to be put back. */
  loser: { readonly key: string; readonly version: Dot } | null
}

export class GeneralWorkload implements RunningWorkload {
  readonly invariants = []
  readonly #random: Prng
  readonly #options: GeneralOptions
  readonly #isLed: boolean
  readonly #tokens: SessionTokens
  readonly #memories: readonly Memory[]
  /** Values and idempotency keys that were given out. */
  #written = 0
  #requests = 0

  constructor({ random, clients, mode = 'multi' }: WorkloadContext, options: GeneralOptions) {
    this.#isLed = mode !== 'multi'
    this.#random = random
    this.#options = options
    this.#tokens = new SessionTokens(clients)
    this.#memories = Array.from({ length: clients }, () => ({ seen: null, loser: null }))
  }

  next(client: number): Call {
    const node = oneIn(this.#random, MOVE_ONE_IN) ? 'any' : 'same'
    const kind = this.#random.below(HUNDRED)
    if (kind < 28) return { request: this.#get(client), node, onUnknown: 'go-on' }
    if (kind < 33) return { request: this.#scan(client), node, onUnknown: 'go-on' }
    if (kind < 35)
      return { request: conflictsRequest(oneIn(this.#random, 2) ? this.#hotKey() : null, SCAN_LIMIT), node, onUnknown: 'go-on' }
    if (kind < 36) return { request: { kind: 'status' }, node, onUnknown: 'go-on' }
    return this.#write(client, node, kind)
  }

  ended(client: number, _call: Call, outcome: Outcome): void {
    this.#tokens.learn(client, outcome)
    const memory = this.#memories[client]
    if (memory === undefined || outcome.kind !== 'answered') return
    const { reply } = outcome
    if (reply.kind === 'value' && reply.item !== null) memory.seen = { key: reply.item.key, version: reply.item.version.dot }
    if (reply.kind !== 'conflicts') return
    const found = reply.keys[0]
    const loser = found?.conflicts.at(-1)?.loser
    if (found !== undefined && loser !== undefined && valueAt(loser, 0) !== null) memory.loser = { key: found.key, version: loser.dot }
  }

  #get(client: number): Call['request'] {
    const key = this.#key()
    const options = this.#session(client)
    return this.#isLed && oneIn(this.#random, 2) ? getRequest(key, { ...options, consistency: 'linearizable' }) : getRequest(key, options)
  }

  #write(client: number, node: Call['node'], kind: number): Call {
    const retries = oneIn(this.#random, 2)
    const idempotencyKey = retries ? `${client}-${++this.#requests}` : null
    const onUnknown = !retries ? 'go-on' : oneIn(this.#random, 2) ? 'retry-same' : 'retry-any'
    const options: WriteOptions = { ...this.#session(client), idempotencyKey, concern: this.#concern() }
    return { request: this.#transaction(client, kind, options), node, onUnknown }
  }

  #transaction(client: number, kind: number, options: WriteOptions): Call['request'] {
    const memory = this.#memories[client]
    const loser = memory?.loser ?? null
    if (memory !== undefined && loser !== null) {
      memory.loser = null
      return transactionRequest([restoreOperation(loser.key, loser.version)], options)
    }
    if (oneIn(this.#random, this.#options.conditionalOneIn)) return this.#conditional(memory?.seen ?? null, options)
    if (kind < 44) return transactionRequest([deleteOperation(this.#key())], options)
    if (kind < 56) return this.#batch(options)
    return transactionRequest([this.#set(this.#key())], options)
  }

  #conditional(seen: Memory['seen'], options: WriteOptions): Call['request'] {
    if (seen !== null && oneIn(this.#random, 2)) {
      return transactionRequest([this.#set(seen.key)], { ...options, conditions: [ifVersion(seen.key, seen.version)] })
    }
    const key = this.#key()
    return transactionRequest([this.#set(key)], { ...options, conditions: [ifAbsent(key)] })
  }

  #batch(options: WriteOptions): Call['request'] {
    const operations = Array.from({ length: between(this.#random, 2, BATCH_KEYS_MAX) }, () => {
      const key = this.#key()
      return oneIn(this.#random, 6) ? deleteOperation(key) : this.#set(key)
    })
    return transactionRequest(operations, options)
  }

  #set(key: string): ReturnType<typeof setOperation> {
    const ttlMs = oneIn(this.#random, 25) ? between(this.#random, 1, TTL_MAX_MS) : null
    if (oneIn(this.#random, 50)) return setOperation(key, drawByte(this.#random), ttlMs)
    return setOperation(key, drawValue(this.#random, `v${++this.#written}.`, this.#options), ttlMs)
  }

  #scan(client: number): Call['request'] {
    const prefix = oneIn(this.#random, 2) ? 'hot/' : `cold/${this.#random.below(10)}`
    return scanRequest(prefix, SCAN_LIMIT, { ...this.#session(client), reverse: oneIn(this.#random, 4) })
  }

  #session(client: number): { readonly session: ReturnType<SessionTokens['of']> } {
    return { session: oneIn(this.#random, 3) ? null : this.#tokens.of(client) }
  }

  #concern(): NonNullable<WriteOptions['concern']> {
    return oneIn(this.#random, 12) ? pick(this.#random, ['majority', 'all', 1] as const) : 1
  }

  #key(): string {
    if (oneIn(this.#random, this.#options.hotOneIn)) return this.#hotKey()
    // Spread over the range, so that prefixes cut it into parts.
    return `cold/${this.#random.below(this.#options.coldKeys).toString().split('').reverse().join('')}`
  }

  #hotKey(): string {
    return `hot/${this.#random.below(this.#options.hotKeys)}`
  }
}
