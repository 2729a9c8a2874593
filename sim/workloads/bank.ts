/**
 * Bank transfers. Each node has a bank whose accounts are moved through this node alone, in
 * batches over the versions that were read; so the transfers of a bank form one line, and on every
 * node, at any time, its accounts have the same sum.
 *
 * When a node's disk has lost something, its next transfers may be made without knowledge of
 * earlier ones, which then meet them as conflicts, account by account: that is what a lost disk
 * means without a leader, and no fault. Such a bank is closed and the node opens a new one.
 */

import { assert, type Prng } from '../../base/index.ts'
import type { Item, Reply } from '../../core/index.ts'
import { between, oneIn } from '../draw.ts'
import type { Invariant } from '../invariant.ts'
import type { CallId } from '../trace.ts'
import type { Call, Outcome, RunningWorkload, WorkloadContext } from '../workload.ts'
import { ifAbsent, ifVersion, scanRequest, setOperation, textValue, transactionRequest } from './requests.ts'
import { SessionTokens } from './session-tokens.ts'

const ACCOUNTS = 6
const OPENING_BALANCE = 100
const TOTAL = ACCOUNTS * OPENING_BALANCE
/** More than there are accounts, so that one too many would show. */
const SCAN_LIMIT = ACCOUNTS + 1
const PREFIX = 'bank/'

export class BankWorkload implements RunningWorkload {
  readonly invariants: readonly Invariant[]
  readonly #random: Prng
  readonly #nodes: number
  readonly #tokens: SessionTokens
  /** How often each node had to open a new bank. */
  readonly #generations: number[]
  /** What a teller has read and not yet used. */
  readonly #read: (readonly Item[] | null)[]

  constructor({ random, nodes, clients, mode }: WorkloadContext) {
    this.#random = random
    this.#nodes = nodes
    this.#tokens = new SessionTokens(clients)
    this.#generations = new Array<number>(nodes).fill(0)
    this.#read = new Array<readonly Item[] | null>(clients).fill(null)
    // What a node wrote while others were led is concurrent to what the leader did there.
    this.invariants = mode === 'mixed' ? [] : [bankSum(this.#generations)]
  }

  /** Clients with an even number are tellers of one bank; the others look at all of them, from everywhere. */
  next(client: number): Call {
    if (client % 2 === 1) {
      const session = oneIn(this.#random, 2) ? this.#tokens.of(client) : null
      const prefix = this.#prefix(this.#random.below(this.#nodes))
      return { request: scanRequest(prefix, SCAN_LIMIT, { session }), node: 'any', onUnknown: 'go-on' }
    }
    const node = (client >> 1) % this.#nodes
    const session = this.#tokens.of(client)
    const items = this.#read[client] ?? null
    this.#read[client] = null
    const prefix = this.#prefix(node)
    if (items === null) return { request: scanRequest(prefix, SCAN_LIMIT, { session }), node, onUnknown: 'go-on' }
    return { request: items.length === 0 ? this.#open(prefix, session) : this.#transfer(items, session), node, onUnknown: 'go-on' }
  }

  ended(client: number, { request }: Call, outcome: Outcome): void {
    this.#tokens.learn(client, outcome)
    if (client % 2 === 1 || outcome.kind !== 'answered' || outcome.reply.kind !== 'page' || request.kind !== 'scan') return
    // Not what a bank had that was closed meanwhile.
    if (request.range.start === this.#prefix((client >> 1) % this.#nodes)) this.#read[client] = outcome.reply.items
  }

  #open(prefix: string, session: ReturnType<SessionTokens['of']>): Call['request'] {
    const names = Array.from({ length: ACCOUNTS }, (_, account) => `${prefix}${account}`)
    const operations = names.map((name) => setOperation(name, textValue(String(OPENING_BALANCE))))
    return transactionRequest(operations, { session, conditions: names.map((name) => ifAbsent(name)) })
  }

  #transfer(items: readonly Item[], session: ReturnType<SessionTokens['of']>): Call['request'] {
    const source = this.#random.below(items.length)
    const target = (source + 1 + this.#random.below(Math.max(1, items.length - 1))) % items.length
    const from = items[source]
    const to = items[target]
    assert(from !== undefined && to !== undefined, 'an account is one of those that were read')
    const amount = between(this.#random, 1, OPENING_BALANCE)
    const operations = [
      setOperation(from.key, textValue(String(balanceOf(from) - amount))),
      setOperation(to.key, textValue(String(balanceOf(to) + amount))),
    ]
    return transactionRequest(operations, {
      session,
      conditions: [ifVersion(from.key, from.version.dot), ifVersion(to.key, to.version.dot)],
    })
  }

  #prefix(node: number): string {
    return prefixOf(node, this.#generations[node] ?? 0)
  }
}

/** BankSum: whoever reads a bank sees all accounts with the sum that they were opened with, or none. */
function bankSum(generations: number[]): Invariant {
  /** Open scans of banks, with the bank. */
  const scans = new Map<CallId, string>()
  return {
    name: 'BankSum',
    kinds: ['invoked', 'answered', 'unknown', 'disk-replaced'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'disk-replaced':
          generations[happening.node] = (generations[happening.node] ?? 0) + 1
          return null
        case 'invoked': {
          const { request } = happening
          if (request.kind === 'scan' && request.range.start?.startsWith(PREFIX) === true) scans.set(happening.call, request.range.start)
          return null
        }
        case 'unknown':
          scans.delete(happening.call)
          return null
        case 'answered': {
          const prefix = scans.get(happening.call)
          scans.delete(happening.call)
          if (prefix === undefined || !isOpen(prefix, generations)) return null
          const wrong = describeWrongSum(happening.reply)
          return wrong === null ? null : { message: `${prefix} read at node ${happening.node} ${wrong}`, events: [number] }
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function describeWrongSum(reply: Reply): string | null {
  if (reply.kind !== 'page' || reply.items.length === 0) return null
  const sum = reply.items.reduce((total, item) => total + balanceOf(item), 0)
  if (reply.items.length === ACCOUNTS && sum === TOTAL) return null
  return `has ${reply.items.length} of ${ACCOUNTS} accounts with ${sum} of ${TOTAL}`
}

function isOpen(prefix: string, generations: readonly number[]): boolean {
  return generations.some((generation, node) => prefix === prefixOf(node, generation))
}

function prefixOf(node: number, generation: number): string {
  return `${PREFIX}${node}/${generation}/`
}

function balanceOf(item: Item): number {
  return Number(item.value.data)
}
