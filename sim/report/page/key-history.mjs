/**
 * All versions of a key, the highest rank first, and why each of them won or lost (RG2, RG3): a
 * version that was written in knowledge of another beats it; between concurrent ones the larger
 * (epoch, timestamp, writer) wins. What no node holds at the end wins nothing, whatever its rank: it
 * never became durable, or was lost with a disk.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {{
 *   row: number, entry: number, writer: number, sequence: number, dot: string, epoch: number, timestamp: number,
 *   value: string | null, sealedRow: number, durableRow: number, node: number, reached: number[], answeredRow: number,
 *   relation: 'wins' | 'seen' | 'concurrent' | 'nowhere', why: string
 * }} KeyVersion
 */

import { countUpTo } from './columns.mjs'

/** Steps of the counter in one millisecond of a hybrid timestamp (HL1). */
const COUNTS_PER_MS = 4096

/**
 * Rows of the versions of each key: those of key `k` are `rows[starts[k]]` up to `rows[starts[k + 1] - 1]`.
 * @param {Story} story
 */
export function indexKeys(story) {
  const { key } = story.data.versions
  const starts = new Int32Array(story.data.keys.length + 1)
  for (const row of key) starts[row + 1]++
  for (let row = 0; row < story.data.keys.length; row++) starts[row + 1] += starts[row]
  const rows = new Int32Array(key.length)
  const next = starts.slice()
  key.forEach((keyRow, row) => {
    rows[next[keyRow]++] = row
  })
  return { starts, rows }
}

/**
 * For each writer its entries, with the dependencies that rose at each.
 * @param {Story} story
 */
export function indexDependencies(story) {
  /** @type {Map<number, Map<number, { entries: number[], sequences: number[] }>>} */
  const byWriter = new Map()
  const { dependencies, writer } = story.data.entries
  let offset = 0
  for (let entry = 0; entry < writer.length; entry++) {
    let known = byWriter.get(writer[entry])
    if (known === undefined) {
      known = new Map()
      byWriter.set(writer[entry], known)
    }
    const count = dependencies[offset++]
    for (let i = 0; i < count; i++) {
      const other = dependencies[offset++]
      let series = known.get(other)
      if (series === undefined) {
        series = { entries: [], sequences: [] }
        known.set(other, series)
      }
      series.entries.push(entry)
      series.sequences.push(dependencies[offset++])
    }
  }
  return byWriter
}

/**
 * @param {Story} story
 * @param {{ keys: ReturnType<typeof indexKeys>, dependencies: ReturnType<typeof indexDependencies>, answers: Map<string, number> }} indexes
 * @param {number} key
 * @returns {KeyVersion[]}
 */
export function historyOf(story, indexes, key) {
  const { starts, rows } = indexes.keys
  const versions = []
  for (let position = starts[key]; position < starts[key + 1]; position++)
    versions.push(openVersion(story, indexes.answers, rows[position]))
  versions.sort((left, right) => -compareRank(story, left, right))
  const winner = versions.find(({ writer, sequence }) => isHeld(story, writer, sequence))
  for (const version of versions) {
    if (version === winner) continue
    if (winner === undefined || !isHeld(story, version.writer, version.sequence)) {
      version.relation = 'nowhere'
      version.why = version.reached.some((row) => row >= 0) ? 'no node holds it any more' : 'no node ever applied it'
      continue
    }
    const wasSeen = hasSeen(indexes.dependencies, winner, version)
    version.relation = wasSeen ? 'seen' : 'concurrent'
    version.why = wasSeen ? 'the winner was written in knowledge of it' : `concurrent with the winner: ${ruleOf(story, winner, version)}`
  }
  return versions
}

/**
 * Rows of the answers by the dot that they confirm.
 * @param {Story} story
 */
export function indexAnswers(story) {
  const { reply, writer, sequence } = story.data.calls
  const committed = story.data.replyKinds.indexOf('committed')
  /** @type {Map<string, number>} */
  const answers = new Map()
  reply.forEach((kind, call) => {
    if (kind === committed && writer[call] >= 0) answers.set(`${writer[call]}:${sequence[call]}`, story.calls.endRow[call])
  })
  return answers
}

/**
 * @param {Story} story
 * @param {Map<string, number>} answers
 * @param {number} row
 * @returns {KeyVersion}
 */
function openVersion(story, answers, row) {
  const { versions, entries, writers, texts } = story.data
  const entry = countUpTo(story.versionStarts, row) - 1
  const writer = entries.writer[entry]
  const sequence = versions.sequence[row]
  return {
    row,
    entry,
    writer,
    sequence,
    dot: `${writers[writer]}:${sequence}`,
    epoch: entries.epoch[entry],
    timestamp: story.timestamps[row],
    value: versions.value[row] < 0 ? null : texts[versions.value[row]],
    sealedRow: story.entries.sealedRow[entry],
    durableRow: story.entries.durableRow[entry],
    node: story.entries.node[entry],
    reached: story.lanes.map((lane) => reachedRow(lane, writer, sequence)),
    answeredRow: answers.get(`${writer}:${sequence}`) ?? -1,
    relation: 'wins',
    why: 'the largest (epoch, timestamp, writer)',
  }
}

/**
 * True if some node has it at the end: a node that serves, by what it has applied in this life, and
 * one that is down or reads its disk, by what it had applied before.
 * @param {Story} story
 * @param {number} writer
 * @param {number} sequence
 */
function isHeld(story, writer, sequence) {
  return story.lanes.some((lane) => {
    const series = lane.frontier.get(writer)
    if (series === undefined || series.sequences[series.sequences.length - 1] < sequence) return false
    const isServing = lane.lives.at(-1)?.state === 'serving'
    return !isServing || series.rows[series.rows.length - 1] >= (lane.births.at(-1) ?? -1)
  })
}

/**
 * Row of the event with which a node first knew a dot, or -1.
 * @param {import('./story.mjs').Lane} lane
 * @param {number} writer
 * @param {number} sequence
 */
function reachedRow(lane, writer, sequence) {
  const series = lane.frontier.get(writer)
  return series?.rows[countUpTo(series.peaks, sequence - 1)] ?? -1
}

/**
 * @param {Story} story
 * @param {KeyVersion} left
 * @param {KeyVersion} right
 */
function compareRank(story, left, right) {
  if (left.epoch !== right.epoch) return left.epoch - right.epoch
  if (left.timestamp !== right.timestamp) return left.timestamp - right.timestamp
  if (left.writer !== right.writer) return story.data.writers[left.writer] > story.data.writers[right.writer] ? 1 : -1
  return left.sequence - right.sequence
}

/**
 * @param {ReturnType<typeof indexDependencies>} dependencies
 * @param {KeyVersion} version
 * @param {KeyVersion} other
 */
function hasSeen(dependencies, version, other) {
  if (version.writer === other.writer) return version.sequence > other.sequence
  const series = dependencies.get(version.writer)?.get(other.writer)
  if (series === undefined) return false
  const position = countUpTo(series.entries, version.entry) - 1
  return position >= 0 && series.sequences[position] >= other.sequence
}

/**
 * @param {Story} story
 * @param {KeyVersion} winner
 * @param {KeyVersion} loser
 */
function ruleOf(story, winner, loser) {
  if (winner.epoch !== loser.epoch) return `it lost by its epoch (${loser.epoch} < ${winner.epoch})`
  const behind = winner.timestamp - loser.timestamp
  if (behind === 0) return `equal clocks, the writer decided (${story.data.writers[loser.writer]} < ${story.data.writers[winner.writer]})`
  const apart = behind >= COUNTS_PER_MS ? `${(behind / COUNTS_PER_MS).toFixed(1)} ms` : `${behind} counts`
  return `it lost by its clock, ${apart} behind`
}
