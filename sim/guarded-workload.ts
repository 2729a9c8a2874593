/**
 * A workload whose mistakes are told as its own: what it throws, and calls that nobody could make,
 * end the run with the workload's name, what it was asked for and its stack, and are not taken for
 * failures of the cluster.
 */

import { SkeinError } from '../base/index.ts'
import { checkCall } from './call-check.ts'
import { Shape } from './shape.ts'
import type { RunningWorkload, Workload, WorkloadContext } from './workload.ts'

const INVARIANTS_MAX = 1000
const NAME_LENGTH_MAX = 200

export class WorkloadError extends Error {
  override readonly name = 'WorkloadError'
}

/**
 * Starts a workload. What it does wrong later is thrown as a `WorkloadError`.
 * @throws BAD_REQUEST if it does not start, or as something that is no workload
 */
export function startGuarded(workload: Workload, context: WorkloadContext): RunningWorkload {
  const { name } = workload
  const running = startUnguarded(workload, context)
  checkRunning(name, running)
  return {
    next(client) {
      const call = attempt(name, `next(${client})`, () => running.next(client))
      const refuse = (problem: string): WorkloadError =>
        new WorkloadError(`the workload ${name} hands out a call that can't be made, from next(${client}): ${problem}`)
      if (call !== null) checkCall(call, context.nodes, refuse)
      return call
    },
    ended: (client, call, outcome) => attempt(name, `ended(${client}, …)`, () => running.ended(client, call, outcome)),
    invariants: running.invariants,
  }
}

function startUnguarded(workload: Workload, context: WorkloadContext): RunningWorkload {
  try {
    return workload.start(context)
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new SkeinError('BAD_REQUEST', `the workload ${workload.name} throws when it starts: ${text}`, { cause: error })
  }
}

/** A module of a user is held to no types. */
function checkRunning(name: string, running: unknown): void {
  const refuse = (problem: string): SkeinError =>
    new SkeinError('BAD_REQUEST', `what the workload ${name} starts as is not what it should be: ${problem}`)
  const shape = Shape.of(running, '', refuse)
  shape.field('next').method()
  shape.field('ended').method()
  for (const invariant of shape.field('invariants').items(INVARIANTS_MAX)) {
    invariant.field('name').text(NAME_LENGTH_MAX)
    invariant.field('observe').method()
    invariant.field('finish').method()
  }
}

function attempt<Result>(name: string, what: string, act: () => Result): Result {
  try {
    return act()
  } catch (error) {
    throw new WorkloadError(`the workload ${name} throws in ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
