/**
 * Keeps the promise of a member and sees to it that nothing which depends on it leaves before it
 * is durable: a change goes to the journal with the next durable write, and messages that are
 * given meanwhile wait for that (LM1, LM4).
 */

import type { NodeName } from '../../base/index.ts'
import { type DurablePromise, NO_PROMISE } from './durable-promise.ts'
import type { LeaderMessage } from './message.ts'
import { type ChainPlace, isFurther, type Position } from './position.ts'

/** Messages that wait for a slow disk; the oldest is dropped past this, as if the network had lost it. */
const MESSAGES_MAX = 256

interface WaitingMessage {
  readonly version: number
  readonly to: NodeName
  readonly make: () => LeaderMessage | null
}

export interface PromiseContext {
  /** The members by configuration: who counts in the first promise. */
  readonly founders: readonly NodeName[]
  /** It has changed: a durable write has to follow soon. */
  changed(): void
  send(to: NodeName, message: LeaderMessage): void
}

export class PromiseKeeper {
  readonly #context: PromiseContext
  #current = NO_PROMISE
  /** Rises with each change. Invariant: durable ≤ in flight ≤ version. */
  #version = 0
  #inFlight = 0
  /** The position in the durable write in flight. */
  #inFlightPosition: Position = NO_PROMISE.position
  #durable = 0
  /** The position up to which something was promised, or is durable; what was only noted may be further. */
  #bound: Position = NO_PROMISE.position
  /** Something was noted since the last durable write. */
  #isNoted = false
  #messages: WaitingMessage[] = []

  constructor(context: PromiseContext) {
    this.#context = context
  }

  /** Takes up what the journal has. */
  recover(recovered: DurablePromise): void {
    this.#current = recovered
    this.#bound = recovered.position
  }

  /** It binds from the moment in which it is changed. */
  get current(): DurablePromise {
    return this.#current
  }

  get isDurable(): boolean {
    return this.#durable === this.#version
  }

  /** Promises `position`, unless that was promised before. */
  bind(position: Position, committed: ChainPlace | null): void {
    if (!isFurther(position, this.#bound)) return
    const { position: known } = this.#current
    this.#bound = position
    this.change({ position: isFurther(known, position) ? known : position, committed })
  }

  /** True if it has changed and no durable write carries that yet. */
  get isUnwritten(): boolean {
    return this.#inFlight < this.#version
  }

  change(changes: Partial<DurablePromise>): void {
    const isFirst = changes.promised !== undefined && this.#current.founders.length === 0
    this.#current = { ...this.#current, ...(isFirst ? { founders: this.#context.founders } : {}), ...changes }
    this.#bound = changes.position ?? this.#bound
    this.#version += 1
    this.#context.changed()
  }

  /** Keeps what is true and binds nobody: it goes with the next durable write, whatever that is for. */
  note(noted: Pick<Partial<DurablePromise>, 'committed' | 'position'>): void {
    this.#current = { ...this.#current, ...noted }
    this.#isNoted = true
  }

  /** Notes a position if it is further than what is known. */
  noteFurther(position: Position | null): void {
    if (position !== null && isFurther(position, this.#current.position)) this.note({ position })
  }

  /** Sends what `make` returns then, once everything promised so far is durable. */
  sendOnceDurable(to: NodeName, make: () => LeaderMessage | null): void {
    if (this.#messages.length >= MESSAGES_MAX) this.#messages.shift()
    this.#messages.push({ version: this.#version, to, make })
    this.#flush()
  }

  /** It is part of the durable write that starts now, if it has changed since the last. True if it has. */
  launch(): boolean {
    if (!this.#isNoted && this.#inFlight === this.#version) return false
    this.#inFlight = this.#version
    this.#inFlightPosition = this.#current.position
    this.#isNoted = false
    return true
  }

  /** The durable write has landed. */
  land(): void {
    this.#durable = this.#inFlight
    if (isFurther(this.#inFlightPosition, this.#bound)) this.#bound = this.#inFlightPosition
    this.#flush()
  }

  #flush(): void {
    const ready = this.#messages.filter(({ version }) => version <= this.#durable)
    if (ready.length === 0) return
    this.#messages = this.#messages.filter(({ version }) => version > this.#durable)
    for (const { to, make } of ready) {
      const message = make()
      if (message !== null) this.#context.send(to, message)
    }
  }
}
