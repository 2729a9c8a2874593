/**
 * Sessions that move: each client writes a key of its own and reads it back, every call at another
 * node, with nothing but its token to carry along. The check is one that needs no look inside: a
 * client never reads less than what it was told is written.
 *
 * After an unknown outcome, or a session given up, a client goes on with a new key: a write of
 * which it does not know may rightly win over a later one, when clocks differ.
 */

import type { Prng } from '../../base/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { CallId } from '../trace.ts'
import type { Call, Outcome, RunningWorkload, WorkloadContext } from '../workload.ts'
import { getRequest, setOperation, textValue, transactionRequest } from './requests.ts'
import { SessionTokens } from './session-tokens.ts'

const PREFIX = 'session/'

interface Client {
  /** Counts its keys. */
  generation: number
  /** The last number that was written and acknowledged. */
  written: number
}

export class MovingSessions implements RunningWorkload {
  readonly invariants: readonly Invariant[]
  readonly #random: Prng
  readonly #tokens: SessionTokens
  readonly #clients: readonly Client[]

  constructor({ random, clients }: WorkloadContext) {
    this.#random = random
    this.#tokens = new SessionTokens(clients)
    this.#clients = Array.from({ length: clients }, () => ({ generation: 0, written: 0 }))
    this.invariants = [ownWrites()]
  }

  next(client: number): Call | null {
    const state = this.#clients[client]
    if (state === undefined) return null
    const session = this.#tokens.of(client)
    const key = `${PREFIX}${client}/${state.generation}`
    if (this.#random.below(2) === 0) return { request: getRequest(key, { session }), node: 'any', onUnknown: 'go-on' }
    const set = setOperation(key, textValue(String(state.written + 1)))
    return { request: transactionRequest([set], { session }), node: 'any', onUnknown: 'go-on' }
  }

  ended(client: number, { request }: Call, outcome: Outcome): void {
    const state = this.#clients[client]
    if (state === undefined) return
    const isGivenUp = this.#tokens.learn(client, outcome)
    const isDoubtful = request.kind === 'transaction' && outcome.kind !== 'unreachable' && !isCommitted(outcome)
    if (isGivenUp || isDoubtful) {
      state.generation += 1
      state.written = 0
    } else if (request.kind === 'transaction' && isCommitted(outcome)) {
      state.written += 1
    }
  }
}

/** OwnWrites: a client reads at least the last number that it was told is written. */
function ownWrites(): Invariant {
  const asked = new Map<
    CallId,
    { readonly key: string; readonly number: number | null; readonly hasSession: boolean; readonly event: number }
  >()
  const written = new Map<string, { readonly number: number; readonly event: number }>()
  return {
    name: 'OwnWrites',
    kinds: ['invoked', 'answered', 'unknown'],
    observe({ number, happening }): Finding | null {
      if (happening.kind === 'invoked') {
        const { request, call } = happening
        if (request.kind === 'get' && request.key.startsWith(PREFIX))
          asked.set(call, { key: request.key, number: null, hasSession: request.session !== null, event: number })
        const operation = request.kind === 'transaction' ? request.operations[0] : undefined
        if (operation?.kind === 'set' && operation.key.startsWith(PREFIX)) {
          asked.set(call, { key: operation.key, number: Number(operation.value.data), hasSession: true, event: number })
        }
        return null
      }
      if (happening.kind !== 'answered' && happening.kind !== 'unknown') return null
      const question = asked.get(happening.call)
      asked.delete(happening.call)
      if (question === undefined || happening.kind === 'unknown') return null
      const { reply, node } = happening
      if (reply.kind === 'committed' && question.number !== null) written.set(question.key, { number: question.number, event: number })
      const last = written.get(question.key)
      if (reply.kind !== 'value' || last === undefined || !question.hasSession) return null
      const found = reply.item === null ? 0 : Number(reply.item.value.data)
      if (found >= last.number) return null
      return {
        message: `${question.key} reads ${found} at node ${node} after ${last.number} was written`,
        events: [last.event, question.event, number],
      }
    },
    finish: () => null,
  }
}

function isCommitted(outcome: Outcome): boolean {
  return outcome.kind === 'answered' && outcome.reply.kind === 'committed'
}
