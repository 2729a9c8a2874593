/**
 * What an event says, in one line of plain text. It is put into the page as text, never as markup.
 *
 * @typedef {import('./story.mjs').Story} Story
 */

/** Operations named in one line. */
const OPERATIONS_SHOWN = 6

/**
 * @param {Story} story
 * @param {number} row
 * @returns {string}
 */
export function describe(story, row) {
  const { data, events } = story
  const reference = events.reference[row]
  const node = nameOf(story, events.node[row])
  const kind = data.kinds[events.kind[row]]
  switch (kind) {
    case 'started':
      return `${node} starts, life ${reference}`
    case 'recovered':
      return `${node} has read its disk and serves`
    case 'stopped':
      return `${node} is down: ${data.texts[reference]}`
    case 'sealed':
      return `${node} seals ${describeEntry(story, reference)}`
    case 'persisted':
      return `${node}: what it sealed is durable`
    case 'appended':
      return `${node} appends ${describeBlocks(story, data.appends.writer[reference], data.appends.index[reference], data.appends.blocks[reference])}`
    case 'applied':
      return `${node} applies ${describeRise(story, reference)}`
    case 'room':
      return `${node} finds its disk ${reference === 1 ? 'with room again' : 'full'}`
    case 'log-failed':
      return `${node} takes a log out of service: ${data.texts[reference]}`
    case 'chain-sealed':
    case 'chain':
      return data.texts[reference]
    case 'sent':
      return `${node} → ${nameOf(story, data.transfers.to[reference])}: ${describeTransfer(story, reference)} sent`
    case 'delivered':
    case 'dropped':
      if (reference < 0) return `something sent earlier is ${kind}`
      return `${nameOf(story, data.transfers.from[reference])} → ${node}: ${describeTransfer(story, reference)} ${kind}`
    case 'connected':
    case 'disconnected':
      return `${node} and ${nameOf(story, reference)} are ${kind}`
    case 'refused':
      return `${nameOf(story, reference)} refuses ${node}: its name is in use`
    case 'invoked':
      return `client ${data.calls.client[reference]} asks ${node}: ${describeCall(story, reference)}`
    case 'answered':
      if (reference < 0) return `${node} answers what was asked earlier`
      return `${node} answers client ${data.calls.client[reference]}: ${describeReply(story, reference)} (to ${describeCall(story, reference)})`
    case 'unknown':
      if (reference < 0) return `${node}: the outcome of what was asked earlier is unknown`
      return `client ${data.calls.client[reference]} gives up on ${node}, outcome unknown: ${describeCall(story, reference)}`
    case 'fault-began':
      return `fault: ${data.faults[reference].text}`
    case 'fault-ended':
      return `over: ${data.faults[reference].text}`
    case 'disk-replaced':
      return `the disk of ${node} is replaced: ${data.texts[reference]}`
    case 'phase':
      return `phase: ${data.texts[reference]}`
    default:
      return kind
  }
}

/**
 * @param {Story} story
 * @param {number} node
 */
export function nameOf(story, node) {
  return story.data.nodes[node] ?? '?'
}

/**
 * `12.345 s`, with as many digits as a run's resolution deserves.
 * @param {number} ms
 */
export function formatTime(ms) {
  return `${(ms / 1000).toFixed(ms < 1e6 ? 4 : 3)} s`
}

/**
 * Rows of the keys that a call is about, without repetition.
 * @param {Story} story
 * @param {number} call
 * @returns {Set<number>}
 */
function keysOfCall(story, call) {
  const { key } = story.data.operations
  const keys = new Set()
  for (let row = story.operationStarts[call]; row < story.operationStarts[call + 1]; row++) if (key[row] >= 0) keys.add(key[row])
  return keys
}

/**
 * Rows of the keys that an event is about: of a call or a write.
 * @param {Story} story
 * @param {number} row
 * @returns {Set<number>}
 */
export function keysOfEvent(story, row) {
  const { data, events, kinds, versionStarts } = story
  const reference = events.reference[row]
  switch (events.kind[row]) {
    case kinds.invoked:
    case kinds.answered:
    case kinds.unknown:
      return reference < 0 ? new Set() : keysOfCall(story, reference)
    case kinds.sealed:
      return new Set(data.versions.key.slice(versionStarts[reference], versionStarts[reference + 1]))
    default:
      return new Set()
  }
}

/**
 * @param {Story} story
 * @param {number} call
 */
function describeCall(story, call) {
  const { data, operationStarts } = story
  const { kind, key, value } = data.operations
  const words = []
  const count = operationStarts[call + 1] - operationStarts[call]
  for (let row = operationStarts[call]; row < operationStarts[call + 1] && words.length < OPERATIONS_SHOWN; row++) {
    const name = data.operationKinds[kind[row]].replace('-', ' ')
    words.push(`${name}${key[row] < 0 ? '' : ` ${data.keys[key[row]]}`}${value[row] < 0 ? '' : ` = ${data.texts[value[row]]}`}`)
  }
  if (count > OPERATIONS_SHOWN) words.push(`${count - OPERATIONS_SHOWN} more`)
  if (count === 0) words.push(data.callKinds[data.calls.kind[call]])
  const extra = data.calls.extra[call]
  return words.join(', ') + (extra < 0 ? '' : ` (${data.texts[extra]})`)
}

/**
 * @param {Story} story
 * @param {number} call
 */
function describeReply(story, call) {
  const { calls, replyKinds, texts, writers } = story.data
  const detail = calls.detail[call] < 0 ? '' : ` ${texts[calls.detail[call]]}`
  const dot = calls.writer[call] < 0 ? '' : ` ${writers[calls.writer[call]]}:${calls.sequence[call]}`
  return `${replyKinds[calls.reply[call]] ?? ''}${detail}${dot}`
}

/**
 * @param {Story} story
 * @param {number} entry
 */
function describeEntry(story, entry) {
  const { data, versionStarts } = story
  const { writer, firstSequence, transactions } = data.entries
  const last = firstSequence[entry] + transactions[entry] - 1
  const range = transactions[entry] === 1 ? `${last}` : `${firstSequence[entry]}–${last}`
  const words = []
  for (let row = versionStarts[entry]; row < versionStarts[entry + 1] && words.length < OPERATIONS_SHOWN; row++) {
    const value = data.versions.value[row]
    words.push(`${data.keys[data.versions.key[row]]} ${value < 0 ? 'deleted' : `= ${data.texts[value]}`}`)
  }
  const more = versionStarts[entry + 1] - versionStarts[entry] - words.length
  return `${data.writers[writer[entry]]}:${range}: ${words.join(', ')}${more > 0 ? `, ${more} more` : ''}`
}

/**
 * @param {Story} story
 * @param {number} offset
 */
function describeRise(story, offset) {
  const { frontiers, writers } = story.data
  const words = []
  const count = frontiers[offset]
  for (let i = 0; i < count && i < OPERATIONS_SHOWN; i++)
    words.push(`${writers[frontiers[offset + 1 + 2 * i]]}:${frontiers[offset + 2 + 2 * i]}`)
  return words.length === 0 ? 'nothing new' : words.join(', ') + (count > OPERATIONS_SHOWN ? `, ${count - OPERATIONS_SHOWN} more` : '')
}

/**
 * @param {Story} story
 * @param {number} transfer
 */
function describeTransfer(story, transfer) {
  const { kind, size, writer, index, digest } = story.data.transfers
  const name = story.data.transferKinds[kind[transfer]]
  if (name === 'blocks') return describeBlocks(story, writer[transfer], index[transfer], size[transfer])
  const told = digest[transfer] < 0 ? '' : `, digest ${story.data.digests[digest[transfer]]}`
  return `${name} of ${size[transfer]} bytes${told}`
}

/**
 * @param {Story} story
 * @param {number} writer
 * @param {number} index
 * @param {number} count
 */
function describeBlocks(story, writer, index, count) {
  const range = count === 1 ? `block ${index}` : `blocks ${index}–${index + count - 1}`
  return `${range} of ${story.data.writers[writer]}`
}
