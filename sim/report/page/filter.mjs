/**
 * What is shown: groups of events that can be switched off, one key, one client. The diagram, the
 * list and the steps from event to event ask the same filter.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {'messages' | 'blocks' | 'calls' | 'writes' | 'faults'} Group
 * @typedef {{ show: Record<Group, boolean>, key: number, client: number }} Wish
 * @typedef {ReturnType<typeof makeFilter>} Filter
 */

import { historyOf } from './key-history.mjs'

/** @type {Group[]} */
export const GROUPS = ['messages', 'blocks', 'calls', 'writes', 'faults']

/** @type {Record<string, Group>} */
const GROUP_OF = {
  sealed: 'writes',
  persisted: 'writes',
  appended: 'writes',
  applied: 'writes',
  invoked: 'calls',
  answered: 'calls',
  unknown: 'calls',
}

/**
 * @param {Story} story
 * @param {Parameters<typeof historyOf>[1]} indexes
 * @param {Wish} wish
 */
export function makeFilter(story, indexes, wish) {
  const { data, events, kinds } = story
  const touched = wish.key < 0 ? null : touchedBy(story, indexes, wish.key)
  const isNarrow = wish.key >= 0 || wish.client >= 0
  const groups = data.kinds.map((kind) => GROUP_OF[kind] ?? 'faults')
  const blocks = data.transferKinds.indexOf('blocks')

  /** @param {number} call */
  const hasCall = (call) =>
    wish.show.calls && (wish.client < 0 || data.calls.client[call] === wish.client) && (touched === null || touched.calls[call] === 1)

  /** @param {number} transfer */
  const hasTransfer = (transfer) => {
    const isBlocks = story.transfers.kind[transfer] === blocks
    if (!(isBlocks ? wish.show.blocks : wish.show.messages) || wish.client >= 0) return false
    return touched === null || (isBlocks && touched.transfers[transfer] === 1)
  }

  /** @param {number} entry */
  const hasEntry = (entry) => wish.show.writes && wish.client < 0 && (touched === null || touched.entries[entry] === 1)

  /** @param {number} row */
  const has = (row) => {
    const kind = events.kind[row]
    const reference = events.reference[row]
    switch (kind) {
      case kinds.sent:
      case kinds.delivered:
      case kinds.dropped:
        return reference < 0 ? wish.show.messages && !isNarrow : hasTransfer(reference)
      case kinds.invoked:
      case kinds.answered:
      case kinds.unknown:
        return reference < 0 ? wish.show.calls && !isNarrow : hasCall(reference)
      case kinds.sealed:
        return hasEntry(reference)
      case kinds.applied:
        return wish.show.writes && wish.client < 0 && (touched === null || touched.applied.has(row))
      default:
        return wish.show[groups[kind]] && !isNarrow
    }
  }
  return { has, hasCall, hasTransfer, hasEntry, wish }
}

/**
 * The events that a reader goes to one after the other: faults, crashes, unknown outcomes and
 * failures, and all that a violation names.
 * @param {Story} story
 */
export function importantRows(story) {
  const { events, kinds } = story
  const named = new Set(story.named)
  const plain = new Set(
    ['stopped', 'recovered', 'fault-began', 'fault-ended', 'room', 'disk-replaced', 'log-failed', 'refused', 'phase', 'unknown'].map(
      (kind) => kinds[kind],
    ),
  )
  const rows = []
  for (let row = 0; row < events.count; row++) if (plain.has(events.kind[row]) || named.has(row)) rows.push(row)
  return rows
}

/**
 * Everything that a key's versions went through.
 * @param {Story} story
 * @param {Parameters<typeof historyOf>[1]} indexes
 * @param {number} key
 */
function touchedBy(story, indexes, key) {
  const { data } = story
  const calls = new Uint8Array(story.calls.count)
  for (let call = 0; call < story.calls.count; call++) {
    for (let row = story.operationStarts[call]; row < story.operationStarts[call + 1]; row++) {
      if (data.operations.key[row] === key) calls[call] = 1
    }
  }
  const entries = new Uint8Array(story.entries.count)
  const applied = new Set()
  const blocks = new Set()
  for (const { entry, reached, writer } of historyOf(story, indexes, key)) {
    entries[entry] = 1
    for (const row of reached) applied.add(row)
    const { blockFrom, blockTo } = story.entries
    for (let block = blockFrom[entry]; block >= 0 && block <= blockTo[entry]; block++) blocks.add(`${writer}:${block}`)
  }
  const transfers = new Uint8Array(story.transfers.count)
  for (let row = 0; row < story.transfers.count; row++) {
    const { writer, index, size } = data.transfers
    if (writer[row] < 0) continue
    for (let block = index[row]; block < index[row] + size[row]; block++) if (blocks.has(`${writer[row]}:${block}`)) transfers[row] = 1
  }
  return { calls, entries, transfers, applied }
}
