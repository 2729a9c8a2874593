/**
 * The cluster at one moment: who is up, who knows what, who lags, who agrees, who is connected.
 * All of it is computed from the events up to then.
 *
 * @typedef {import('./story.mjs').Story} Story
 * @typedef {{
 *   node: number, state: import('./story.mjs').LifeState, cause: string, life: number, sinceMs: number,
 *   frontier: Map<number, number>, lag: number, digest: { text: string, atMs: number, isEarlier: boolean } | null,
 *   agreesWith: number[], disagreesWith: number[], connected: number[], faults: string[]
 * }} NodeMoment
 */

import { countUpTo } from './columns.mjs'
import { pairOf } from './story.mjs'

/**
 * @param {Story} story
 * @param {number} ms
 * @returns {{ nodes: NodeMoment[], best: Map<number, number>, phase: string }}
 */
export function momentAt(story, ms) {
  const row = countUpTo(story.events.atMs, ms) - 1
  const nodes = story.lanes.map((_, node) => nodeAt(story, node, row, ms))
  const best = new Map()
  for (const { frontier } of nodes) {
    for (const [writer, sequence] of frontier) best.set(writer, Math.max(best.get(writer) ?? 0, sequence))
  }
  for (const node of nodes) {
    for (const [writer, sequence] of best) node.lag += sequence - (node.frontier.get(writer) ?? 0)
  }
  compareDigests(story, nodes, row)
  const phase = story.phases.findLast(({ fromMs }) => fromMs <= ms)?.phase ?? ''
  return { nodes, best, phase }
}

/**
 * @param {Story} story
 * @param {number} node
 * @param {number} row
 * @param {number} ms
 * @returns {NodeMoment}
 */
function nodeAt(story, node, row, ms) {
  const lane = story.lanes[node]
  const life = lane.lives.findLast(({ fromMs }) => fromMs <= ms) ?? { state: 'down', cause: 'not started', life: 0, fromMs: 0 }
  const isUp = life.state !== 'down'
  const told = countUpTo(lane.toldRows, row) - 1
  const isToldInThisLife = told >= 0 && lane.toldRows[told] >= birthBefore(lane, row)
  const frontier = isUp ? frontierAt(story, node, row) : new Map()
  return {
    node,
    state: /** @type {import('./story.mjs').LifeState} */ (life.state),
    cause: life.cause,
    life: life.life,
    sinceMs: life.fromMs,
    frontier,
    lag: 0,
    digest: isUp && isToldInThisLife ? digestTold(story, node, told, frontier) : null,
    agreesWith: [],
    disagreesWith: [],
    connected: story.lanes.map((_, other) => other).filter((other) => isConnected(story, node, other, ms)),
    faults: story.spells
      .filter(({ fault, fromMs, toMs }) => fromMs <= ms && ms < toMs && story.data.faults[fault].nodes.includes(node))
      .map(({ fault }) => story.data.faults[fault].kind),
  }
}

/**
 * The digest of a node's heartbeat, and whether it is of an earlier state than what it has now.
 * @param {Story} story
 * @param {number} node
 * @param {number} told
 * @param {Map<number, number>} frontier
 */
function digestTold(story, node, told, frontier) {
  const { toldRows, toldDigests } = story.lanes[node]
  const row = toldRows[told]
  const isEarlier = !sameFrontier(frontierAt(story, node, row), frontier)
  return { text: story.data.digests[toldDigests[told]], atMs: story.events.atMs[row], isEarlier }
}

/**
 * What a node had applied after the event in `row`, by row of the writer.
 * @param {Story} story
 * @param {number} node
 * @param {number} row
 * @returns {Map<number, number>}
 */
export function frontierAt(story, node, row) {
  const lane = story.lanes[node]
  const birth = birthBefore(lane, row)
  const frontier = new Map()
  for (const [writer, { rows, sequences }] of lane.frontier) {
    const position = countUpTo(rows, row) - 1
    if (position >= 0 && rows[position] >= birth) frontier.set(writer, sequences[position])
  }
  return frontier
}

/**
 * Row of the start of the life that a node is in.
 * @param {import('./story.mjs').Lane} lane
 * @param {number} row
 */
function birthBefore(lane, row) {
  return lane.births[countUpTo(lane.births, row) - 1] ?? -1
}

/**
 * Nodes tell their digest with each heartbeat. Two of them can be held against each other if
 * their frontiers were equal when they told it (CA5).
 * @param {Story} story
 * @param {NodeMoment[]} nodes
 * @param {number} row
 */
function compareDigests(story, nodes, row) {
  const told = nodes.map(({ node, digest }) => {
    if (digest === null) return null
    const { toldRows } = story.lanes[node]
    return frontierAt(story, node, toldRows[countUpTo(toldRows, row) - 1])
  })
  for (const left of nodes) {
    for (const right of nodes) {
      const [leftTold, rightTold] = [told[left.node], told[right.node]]
      if (left === right || leftTold === null || rightTold === null || !sameFrontier(leftTold, rightTold)) continue
      if (left.digest?.text === right.digest?.text) left.agreesWith.push(right.node)
      else left.disagreesWith.push(right.node)
    }
  }
}

/**
 * @param {Map<number, number>} left
 * @param {Map<number, number>} right
 */
function sameFrontier(left, right) {
  if (left.size !== right.size) return false
  for (const [writer, sequence] of left) if (right.get(writer) !== sequence) return false
  return true
}

/**
 * @param {Story} story
 * @param {number} left
 * @param {number} right
 * @param {number} ms
 */
function isConnected(story, left, right, ms) {
  if (left === right) return false
  const times = story.links.get(pairOf(left, right)) ?? []
  return times.some(([fromMs, toMs]) => fromMs <= ms && ms < toMs)
}
