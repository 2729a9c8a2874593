/** Several workloads in one run: each has its share of the clients, and knows of no others. */

import { assert } from '../../base/index.ts'
import { forkPrng } from '../chance.ts'
import type { Invariant } from '../invariant.ts'
import type { Call, Outcome, RunningWorkload, WorkloadContext } from '../workload.ts'

export interface Part {
  /** Of the clients it gets so many as its share says. */
  readonly share: number
  start(context: WorkloadContext): RunningWorkload
}

interface Running {
  readonly workload: RunningWorkload
  /** The first of its clients. */
  readonly first: number
}

export class Mixture implements RunningWorkload {
  readonly invariants: readonly Invariant[]
  readonly #parts: readonly Running[]

  constructor({ random, nodes, clients, mode = 'multi' }: WorkloadContext, parts: readonly Part[]) {
    const shares = parts.reduce((sum, { share }) => sum + share, 0)
    let given = 0
    let first = 0
    this.#parts = parts.map(({ share, start }) => {
      given += share
      const end = Math.round((clients * given) / shares)
      const part = { workload: start({ random: forkPrng(random), nodes, clients: end - first, mode }), first }
      first = end
      return part
    })
    this.invariants = this.#parts.flatMap(({ workload }) => workload.invariants)
  }

  next(client: number): Call | null {
    const part = this.#partOf(client)
    return part.workload.next(client - part.first)
  }

  ended(client: number, call: Call, outcome: Outcome): void {
    const part = this.#partOf(client)
    part.workload.ended(client - part.first, call, outcome)
  }

  #partOf(client: number): Running {
    const part = this.#parts.findLast(({ first }) => first <= client)
    assert(part !== undefined, 'every client belongs to a part')
    return part
  }
}
