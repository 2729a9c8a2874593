/**
 * A leadership on its way to another member (LM10): the leader takes no more writes, waits until
 * the other holds its whole log, and tells it to stand at once. If that takes too long it goes on
 * leading.
 */

import { type NodeName, SkeinError } from '../../base/index.ts'
import type { RequestId } from '../requests.ts'
import type { Leading } from './leading.ts'

export class HandOver {
  readonly id: RequestId
  readonly target: NodeName
  readonly #deadlineMs: number
  #isSent = false

  constructor(id: RequestId, target: NodeName, deadlineMs: number) {
    this.id = id
    this.target = target
    this.#deadlineMs = deadlineMs
  }

  /** True if the other was told: what follows is an election. */
  get isSent(): boolean {
    return this.#isSent
  }

  isLate(nowMs: number): boolean {
    return nowMs >= this.#deadlineMs
  }

  /** True once, when the other holds all that was written and can be told. */
  takeReady(leading: Leading): boolean {
    if (this.#isSent || leading.committed < leading.length || leading.lengthOf(this.target) !== leading.length) return false
    this.#isSent = true
    return true
  }

  get lateError(): SkeinError {
    return new SkeinError('UNAVAILABLE', `${this.target} did not take over in time: see whether it is reached, then try again`)
  }
}
