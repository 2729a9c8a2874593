/**
 * NoThinAir (WR1, RG1): nothing is sealed that no client asked for, nothing is applied that nobody
 * sealed, and nothing is read that its version did not write.
 *
 * A look into a table for each change, item and applied transaction. Of what was asked a hash is
 * remembered.
 */

import type { Key } from '../../base/index.ts'
import type { Operation, Reply } from '../../core/index.ts'
import { formatDot, type Version } from '../../crdt/index.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { Oracle } from '../oracle.ts'
import { writeHash } from './write-hash.ts'

export function noThinAir(oracle: Oracle): Invariant {
  const asked = new Set<number>()
  /** Keys that procedures compute: what they may hold their workload knows. */
  const computed = new Set<Key>()
  return {
    name: 'NoThinAir',
    kinds: ['invoked', 'sealed', 'applied', 'answered'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'invoked':
          if (happening.request.kind === 'transaction') for (const operation of happening.request.operations) remember(asked, operation)
          if (happening.request.kind === 'procedure') for (const key of happening.request.procedure.keys) computed.add(key)
          return null
        case 'sealed':
          return findUnasked(oracle, asked, computed, number)
        case 'applied': {
          const { unknown } = oracle.shadow(happening.node).move
          return unknown === null
            ? null
            : { message: `node ${happening.node} applies ${formatDot(unknown)}, which nobody sealed`, events: [number] }
        }
        case 'answered':
          return findUnwritten(oracle, happening.reply, number)
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function remember(asked: Set<number>, operation: Operation): void {
  switch (operation.kind) {
    case 'set':
      asked.add(writeHash(operation.key, operation.value.data))
      return
    case 'delete':
      asked.add(writeHash(operation.key, null))
      return
    case 'restore':
      // What a loser held was asked for when it was written.
      return
  }
}

function findUnasked(oracle: Oracle, asked: ReadonlySet<number>, computed: ReadonlySet<Key>, number: number): Finding | null {
  for (const { dot, changes } of oracle.sealed.filed) {
    for (const { key, version } of changes) {
      if (computed.has(key) || asked.has(writeHash(key, version.value?.data ?? null))) continue
      const what = version.value === null ? 'a deletion' : 'a value'
      return { message: `${formatDot(dot)} has ${what} of ${JSON.stringify(key.slice(0, 40))} that no client asked for`, events: [number] }
    }
  }
  return null
}

function findUnwritten(oracle: Oracle, reply: Reply, number: number): Finding | null {
  const items = reply.kind === 'page' ? reply.items : reply.kind === 'value' && reply.item !== null ? [reply.item] : []
  for (const { key, version } of items) {
    if (writtenVersion(oracle, key, version) !== undefined) continue
    return { message: `${formatDot(version.dot)} is read at ${JSON.stringify(key.slice(0, 40))}, where it wrote nothing`, events: [number] }
  }
  return null
}

/** What a version's transaction wrote to a key, as it was sealed. */
export function writtenVersion(oracle: Oracle, key: Key, version: Version): Version | undefined {
  const transaction = oracle.transactions.find(version.dot.writer, version.dot.sequence)
  return transaction?.changes.find((change) => change.key === key)?.version
}
