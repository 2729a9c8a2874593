/**
 * The shipped replica, watched: it tells when its frontier has moved, right after the step that
 * moved it and before any effect of that step is carried out; and the process may be killed around
 * its steps, which then leave no effect. Nothing about it is another.
 *
 * Comparing frontiers after every step would cost more than the steps. But nothing is applied
 * without a look at the registers, so the store, which is watched too, says when to compare.
 */

import type { Key, Now, Prng } from '../base/index.ts'
import {
  type DigestedRegister,
  type Effect,
  type Input,
  MemoryStateStore,
  type Position,
  Replica,
  type ReplicaConfig,
} from '../core/index.ts'
import type { ReadonlyVersionVector, Register } from '../crdt/index.ts'
import type { KillSwitch } from './kill-switch.ts'
import type { Standing } from './trace.ts'

/** A state store that says whether anybody has looked into it. */
export class ObservedStateStore extends MemoryStateStore {
  isTouched = false

  override get(key: Key): DigestedRegister | undefined {
    this.isTouched = true
    return super.get(key)
  }

  /** Reads for an observer: that is no look. */
  peek(key: Key): Register | undefined {
    return super.get(key)
  }
}

export interface Observer {
  readonly kill: KillSwitch
  readonly onApplied: (frontier: ReadonlyVersionVector) => void
  /** Told where it stands in the chain whenever that has changed; null: nobody asks. */
  readonly onStanding: ((standing: Standing) => void) | null
}

export class ObservedReplica extends Replica {
  readonly #store: ObservedStateStore
  readonly #observer: Observer
  /** Transactions applied: the sum of the frontier. */
  #applied = 0
  #standing: Standing | null = null

  constructor(config: ReplicaConfig, store: ObservedStateStore, random: Prng, observer: Observer) {
    super(config, store, random)
    this.#store = store
    this.#observer = observer
  }

  override step(input: Input, now: Now): readonly Effect[] {
    const { kill } = this.#observer
    if (input.kind === 'gathered' && kill('before', 'seal')) return []
    if (input.kind === 'blocks' && kill('before', 'apply')) return []
    this.#store.isTouched = false
    const effects = super.step(input, now)
    this.#tellStanding()
    const isApplied = this.#store.isTouched && input.kind !== 'request' && input.kind !== 'gathered' && this.#hasMoved()
    if (isApplied) this.#observer.onApplied(this.frontier)
    if (isApplied && kill('after', 'apply')) return []
    return effects.some(({ kind }) => kind === 'persist') && kill('after', 'seal') ? [] : effects
  }

  #tellStanding(): void {
    const { onStanding } = this.#observer
    if (onStanding === null) return
    const { epoch, chain } = this.chain
    const { role, promised, position, committed, applied } = chain
    const standing = { epoch, role, promised, position, committed, applied }
    if (this.#standing !== null && isSameStanding(this.#standing, standing)) return
    this.#standing = standing
    onStanding(standing)
  }

  #hasMoved(): boolean {
    let applied = 0
    for (const [, sequence] of this.frontier.entries()) applied += sequence
    if (applied === this.#applied) return false
    this.#applied = applied
    return true
  }
}

function isSameStanding(left: Standing, right: Standing): boolean {
  return (
    left.epoch === right.epoch &&
    left.role === right.role &&
    left.promised === right.promised &&
    isSamePosition(left.position, right.position) &&
    isSamePosition(left.committed, right.committed) &&
    isSamePosition(left.applied, right.applied)
  )
}

function isSamePosition(left: Position | null, right: Position | null): boolean {
  return left?.epoch === right?.epoch && left?.length === right?.length
}
