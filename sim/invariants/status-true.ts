/**
 * StatusTrue (CA4, CA5, RG1): what a node says of itself is so: its frontier lies between what it
 * had applied when it was asked and what it has applied when it is answered, and where it is one of
 * the two, the digest and the number of keys are those of that moment; each of its logs has as
 * many transactions applied as the frontier says.
 *
 * A step for each log, in every status that is asked for.
 */

import { present, type WriterId } from '../../base/index.ts'
import type { Status } from '../../core/index.ts'
import { compareVectors, type ReadonlyVersionVector, VersionVector } from '../../crdt/index.ts'
import type { Finding, Invariant, NodeView } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import type { CallId } from '../trace.ts'

interface Moment {
  readonly life: number
  readonly frontier: ReadonlyVersionVector
  readonly digest: string
  readonly keys: number
}

export function statusTrue(oracle: Oracle): Invariant {
  const asked = new Map<CallId, Moment>()
  return {
    name: 'StatusTrue',
    kinds: ['invoked', 'answered', 'unknown'],
    observe({ number, happening }, cluster): Finding | null {
      if (happening.kind !== 'invoked' && happening.kind !== 'answered' && happening.kind !== 'unknown') return null
      const node = present(cluster.nodes[happening.node], 'a node that is asked is one of the cluster')
      if (happening.kind === 'invoked') {
        if (happening.request.kind === 'status' && node.isUp) asked.set(happening.call, momentOf(oracle, node))
        return null
      }
      const before = asked.get(happening.call)
      asked.delete(happening.call)
      if (happening.kind === 'unknown' || happening.reply.kind !== 'status') return null
      const { status } = happening.reply
      const moments =
        before === undefined || !node.isUp || before.life !== oracle.life(node.index) ? null : [before, momentOf(oracle, node)]
      const message = findContradiction(status, node) ?? (moments === null ? null : findFault(status, moments))
      return message === null ? null : { message: `node ${node.index} ${message}`, events: [number] }
    },
    finish: () => null,
  }
}

function momentOf(oracle: Oracle, node: NodeView): Moment {
  const { frontier, liveKeys } = oracle.shadow(node.index)
  return { life: oracle.life(node.index), frontier: frontier.copy(), digest: node.digest, keys: liveKeys }
}

/** What is wrong with a status by itself, or null. */
function findContradiction({ node: name, logs, frontier }: Status, node: NodeView): string | null {
  if (name !== node.name) return `says that it is ${name}`
  for (const { writer, applied } of logs) {
    const known = frontier[writer] ?? 0
    if (applied !== known) return `says that ${applied} of ${writer} are applied, and ${known} by its frontier`
  }
  return null
}

/** @param moments when it was asked and now: the status was made between */
function findFault(status: Status, moments: readonly Moment[]): string | null {
  const frontier = new VersionVector(Object.entries(status.frontier).map(([writer, sequence]) => [writer as WriterId, sequence]))
  const [first, last] = [moments[0], moments.at(-1)]
  if (first !== undefined && !frontier.covers(first.frontier))
    return 'tells of a frontier that lacks what it had applied before it was asked'
  if (last !== undefined && !last.frontier.covers(frontier)) return 'tells of a frontier that it has not reached'
  const equal = moments.find((moment) => compareVectors(moment.frontier, frontier) === 'equal')
  if (equal === undefined) return null
  if (equal.digest !== status.digest) return `tells of the digest ${status.digest}, and at that frontier it had ${equal.digest}`
  return equal.keys === status.keys ? null : `tells of ${status.keys} keys, and at that frontier it had ${equal.keys}`
}
