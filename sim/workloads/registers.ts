/**
 * Registers that are written and read linearizably, by everybody: what was answered has to fit on one
 * line that respects who was done before whom. It needs a leader.
 *
 * Every write has a value of its own, and none is on a condition: then that is decided in O(n log n)
 * (`checkers/register-zones.ts`), from what clients asked and heard alone.
 */

import { type Key, keyFromText, type Prng } from '../../base/index.ts'
import type { GetRequest, Reply, Request, TransactionRequest } from '../../core/index.ts'
import { checkRegisters, type RegisterOperation, read, type Span, span, UNKNOWN_END, write } from '../checkers/index.ts'
import { oneIn, pick } from '../draw.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { CallId } from '../trace.ts'
import type { Call, RunningWorkload, WorkloadContext } from '../workload.ts'
import { getRequest, setOperation, textValue, transactionRequest } from './requests.ts'

const REGISTERS = 4
const PREFIX = 'register/'
const BINARY_PREFIX = keyFromText(PREFIX)
const MOVE_ONE_IN = 4

export class RegistersWorkload implements RunningWorkload {
  readonly invariants: readonly Invariant[]
  readonly #random: Prng
  #written = 0

  constructor({ random, mode }: WorkloadContext) {
    this.#random = random
    // Elsewhere nobody promises it for all of a run: writes of a multi epoch take effect where they are adopted (EP6).
    this.invariants = mode === 'leader' ? [linearizable()] : []
  }

  next(): Call {
    const key = `${PREFIX}${this.#random.below(REGISTERS)}`
    const node = oneIn(this.#random, MOVE_ONE_IN) ? 'any' : 'same'
    if (oneIn(this.#random, 2)) return { request: getRequest(key, { consistency: 'linearizable' }), node, onUnknown: 'go-on' }
    this.#written += 1
    const retries = oneIn(this.#random, 2)
    const options = retries ? { idempotencyKey: `register-${this.#written}` } : {}
    const request = transactionRequest([setOperation(key, textValue(String(this.#written)))], options)
    return { request, node, onUnknown: retries ? pick(this.#random, ['retry-same', 'retry-any'] as const) : 'go-on' }
  }

  ended(): void {}
}

/** A write with all its tries. */
interface Attempted {
  readonly client: number
  readonly start: number
  /** Number of the event in which it was known to be done; `UNKNOWN_END` until then. */
  end: number
  /** It may be done: some try has no answer, or one that does not say. */
  isOpen: boolean
}

interface Asked {
  readonly request: Request
  readonly client: number
  readonly start: number
}

/** Linearizable (LM7, WR1): checked once, when all is over. */
function linearizable(): Invariant {
  const asked = new Map<CallId, Asked>()
  const writes = new Map<TransactionRequest, Attempted>()
  const reads: RegisterOperation[] = []
  return {
    name: 'Linearizable',
    kinds: ['invoked', 'answered', 'unknown'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'invoked': {
          const { call, client, request } = happening
          if (registerOf(request) === null) return null
          asked.set(call, { request, client, start: number })
          if (request.kind === 'transaction' && !writes.has(request))
            writes.set(request, { client, start: number, end: UNKNOWN_END, isOpen: false })
          return null
        }
        case 'answered':
        case 'unknown': {
          const call = asked.get(happening.call)
          asked.delete(happening.call)
          if (call === undefined) return null
          const reply = happening.kind === 'answered' ? happening.reply : null
          if (call.request.kind === 'get') noteRead(reads, call.request, reply, span(call.client, call.start, number))
          else if (call.request.kind === 'transaction') noteWrite(writes.get(call.request), reply, number)
          return null
        }
        default:
          return null
      }
    },
    finish() {
      // The run is over before they had an answer.
      for (const { request } of asked.values()) if (request.kind === 'transaction') noteWrite(writes.get(request), null, UNKNOWN_END)
      const history = [...reads]
      for (const [request, { client, start, end, isOpen }] of writes) {
        const [operation] = request.operations
        if ((end === UNKNOWN_END && !isOpen) || operation?.kind !== 'set') continue
        history.push(write(operation.key, operation.value.data, span(client, start, end)))
      }
      return judge(history)
    },
  }
}

function registerOf(request: Request): Key | null {
  const key = request.kind === 'get' ? request.key : request.kind === 'transaction' ? request.operations[0]?.key : undefined
  return key?.startsWith(BINARY_PREFIX) === true ? key : null
}

function noteRead(reads: RegisterOperation[], { key }: GetRequest, reply: Reply | null, when: Span): void {
  if (reply?.kind === 'value') reads.push(read(key, reply.item?.value.data ?? null, when))
}

function noteWrite(attempted: Attempted | undefined, reply: Reply | null, number: number): void {
  if (attempted === undefined) return
  if (reply?.kind === 'committed') attempted.end = Math.min(attempted.end, number)
  else if (reply === null || (reply.kind === 'failed' && reply.error.details?.applied !== false)) attempted.isOpen = true
}

function judge(history: readonly RegisterOperation[]): Finding | null {
  const [violation] = checkRegisters(history).violations
  if (violation === undefined) return null
  const where = `the history of ${violation.key} is not linearizable, ${violation.kind}`
  switch (violation.kind) {
    case 'thin-air':
      return { message: `${where}: ${String(violation.read.value)} is read`, events: eventsOf(violation.read) }
    case 'read-from-the-future':
      return { message: `${where}: ${String(violation.read.value)} is read`, events: eventsOf(violation.read, violation.write) }
    case 'overlapping-zones':
    case 'enclosed-zone': {
      const [left, right] = violation.zones
      const values = `${String(left.value)} (${left.low} to ${left.high}) and ${String(right.value)} (${right.low} to ${right.high})`
      return { message: `${where}: ${values}`, events: eventsOf(...left.bounds, ...right.bounds) }
    }
  }
}

function eventsOf(...operations: readonly Span[]): number[] {
  const events = operations.flatMap(({ start, end }) => (end === UNKNOWN_END ? [start] : [start, end]))
  return [...new Set(events)].sort((left, right) => left - right)
}
