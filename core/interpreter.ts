/**
 * Carries out the effects of a replica through its ports (the contract is in `effects.ts`). It
 * decides nothing: each effect goes to its port, each completion comes back as an input. Inputs
 * are taken one at a time; what arrives while effects are being carried out waits its turn.
 *
 * The server gives it the real parts, the simulator their twins: the order of things, which is
 * where a store loses writes, is this file's for both.
 */

import { assert, type Now, SkeinError, unreachable } from '../base/index.ts'
import type { Effect, Input } from './effects.ts'
import type { GroupName } from './group.ts'
import type { Journal, LogStore, Transport } from './ports.ts'
import type { Replica } from './replica.ts'
import { isWrite, type Reply, type Request, type RequestId } from './requests.ts'

export interface InterpreterParts {
  readonly group: GroupName
  readonly replica: Replica
  readonly journal: Journal
  readonly logs: LogStore
  readonly now: () => Now
  /** Calls `action` soon, never at once: after what has happened already was handed over. */
  readonly defer: (action: () => void) => void
  /** Called once: a durable write failed, nothing may be answered any more (JR4). */
  readonly onFatal: (failure: SkeinError) => void
}

interface Caller {
  readonly done: (reply: Reply) => void
  readonly isWrite: boolean
}

export class Interpreter {
  readonly #parts: InterpreterParts
  readonly #callers = new Map<RequestId, Caller>()
  readonly #inputs: Input[] = []
  #transport: Transport | null = null
  #nextRequest: RequestId = 1
  #isRunning = false
  #isPersisting = false
  #onIdle: (() => void) | null = null
  #state: 'running' | 'stopped' = 'running'
  #failure: SkeinError | null = null

  constructor(parts: InterpreterParts) {
    this.#parts = parts
  }

  /** Messages go here from now on; before, there is nobody to send to. */
  connect(transport: Transport): void {
    this.#transport = transport
  }

  /** Asks the replica. Returns a function that withdraws the call: then no reply comes. */
  request(request: Request, done: (reply: Reply) => void): () => void {
    if (this.#state === 'stopped') {
      this.#parts.defer(() => done({ kind: 'failed', error: stoppingError(false) }))
      return () => {}
    }
    const id = this.#nextRequest++
    this.#callers.set(id, { done, isWrite: isWrite(request) })
    this.input({ kind: 'request', id, request })
    return () => {
      if (this.#callers.delete(id)) this.input({ kind: 'withdrawn', id })
    }
  }

  input(input: Input): void {
    if (this.#state === 'stopped') return
    if (this.#isRunning) this.#inputs.push(input)
    else this.#run(input)
  }

  /** What it failed for, or null. */
  get failure(): SkeinError | null {
    return this.#failure
  }

  /** Nothing is taken or confirmed any more (JR4): whoever waits is told that its write may stand. */
  fail(failure: SkeinError): void {
    if (this.#state === 'stopped') return
    this.#state = 'stopped'
    this.#failure = failure
    this.#inputs.length = 0
    this.#dismissCallers()
    this.#parts.onFatal(failure)
  }

  /** Takes no more inputs; `done` once the write in flight is on the disk. Whoever still waits is told. */
  stop(done: () => void): void {
    this.#state = 'stopped'
    this.#inputs.length = 0
    const finish = (): void => {
      this.#dismissCallers()
      done()
    }
    if (this.#isPersisting) this.#onIdle = finish
    else finish()
  }

  #dismissCallers(): void {
    for (const [id, { isWrite }] of [...this.#callers]) this.#reply(id, { kind: 'failed', error: stoppingError(isWrite) })
  }

  /** Takes `first`, then the inputs that came meanwhile, in their order. */
  #run(first: Input): void {
    this.#alone(() => {
      this.#step(first)
      this.#drain()
    })
  }

  /**
   * Holds up other inputs meanwhile. What is thrown is a bug, and the effects behind it are lost: it ends
   * the process even if whoever handed over the input catches it, as a door's framework does.
   */
  #alone(action: () => void): void {
    this.#isRunning = true
    try {
      action()
    } catch (error) {
      this.#state = 'stopped'
      this.#throwLater(error)
      throw error
    } finally {
      this.#isRunning = false
    }
  }

  #drain(): void {
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next)
  }

  #step(input: Input): void {
    this.#carryOut(this.#parts.replica.step(input, this.#parts.now()))
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) this.#carryOutOne(effect)
  }

  #carryOutOne(effect: Effect): void {
    const { logs, journal, group } = this.#parts
    switch (effect.kind) {
      case 'reply':
        return this.#reply(effect.id, effect.reply)
      case 'gather':
        // Sockets that were read in this turn of the event loop have handed over by then.
        return this.#parts.defer(() => this.input({ kind: 'gathered' }))
      case 'persist':
        assert(!this.#isPersisting, 'one durable write is in flight at a time')
        this.#isPersisting = true
        return journal.append(effect.records, (failure) => this.#persisted(effect, failure))
      case 'append':
        return this.#append(effect)
      case 'insert':
        return logs.insert(effect.writer, effect.index, effect.block, () => {
          this.input({ ...effect, kind: 'inserted' })
        })
      case 'follow':
        return logs.follow(effect.writer, effect.key)
      case 'read':
        return logs.read(effect.writer, effect.from, (from, blocks) => {
          this.input({ kind: 'blocks', writer: effect.writer, from, blocks })
        })
      case 'send':
        return this.#transport?.send(effect.to, group, effect.message)
      case 'expel':
        return this.#transport?.expel(effect.peer, effect.reason)
      case 'dismiss':
        return this.#transport?.dismiss(effect.peer)
      default:
        return unreachable(effect)
    }
  }

  #append({ writer, index, blocks }: Extract<Effect, { kind: 'append' }>): void {
    this.#parts.logs.append(
      writer,
      index,
      blocks,
      (signatures) => this.input({ kind: 'signed', writer, index, blocks, signatures }),
      (key) => this.input({ kind: 'appended', writer, key }),
    )
  }

  #persisted(effect: Extract<Effect, { kind: 'persist' }>, failure: SkeinError | null): void {
    this.#isPersisting = false
    if (failure !== null) {
      this.fail(failure)
    } else {
      assert(!this.#isRunning, 'a journal calls back from the event loop')
      this.#alone(() => {
        // The state first, then the answers: a client that was answered reads its write. After a
        // stop the write still stands, and whoever waits may still be told.
        const effects = this.#parts.replica.step({ kind: 'persisted' }, this.#parts.now())
        if (this.#state === 'running') this.#carryOut(effects)
        this.#carryOut(effect.replies)
        this.#drain()
      })
    }
    this.#onIdle?.()
    this.#onIdle = null
  }

  #reply(id: RequestId, reply: Reply): void {
    const caller = this.#callers.get(id)
    if (caller === undefined) return
    this.#callers.delete(id)
    try {
      caller.done(reply)
    } catch (error) {
      // A caller's fault ends the process like any bug, but must not cost the effects behind this one.
      this.#throwLater(error)
    }
  }

  #throwLater(error: unknown): void {
    this.#parts.defer(() => {
      throw error
    })
  }
}

/**
 * What a request gets that a stopping node can't answer.
 * @param isOpenWrite a write that was taken: it may be durable, or become so
 */
export function stoppingError(isOpenWrite: boolean): SkeinError {
  const details = isOpenWrite ? { details: { applied: 'unknown' } } : {}
  return new SkeinError('UNAVAILABLE', 'this node is stopping: ask another one', details)
}
