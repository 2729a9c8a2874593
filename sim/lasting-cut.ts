/**
 * A cut that outlives the faults. Once they have stopped, any set of nodes that is connected has
 * to answer and converge, also where two of them reach each other only over others: in half of the
 * runs with partitions the liveness phase is lived in a chain, with every other link cut for good.
 * So entries, and the news of logs, have to travel over relays, which a whole network hides.
 */

import type { Prng } from '../base/index.ts'
import { oneIn } from './draw.ts'
import type { Direction, Fault } from './fault.ts'
import { shuffle } from './partition-shapes.ts'

/** With fewer nodes a chain has all links. */
const CHAIN_NODES_MIN = 3
const CHAIN_ONE_IN = 2

/** @param durationMs longer than the phase */
export function drawLastingCut(random: Prng, nodes: number, atMs: number, durationMs: number): Fault | null {
  if (nodes < CHAIN_NODES_MIN || !oneIn(random, CHAIN_ONE_IN)) return null
  const chain = shuffle(
    random,
    Array.from({ length: nodes }, (_, node) => node),
  )
  const directions: Direction[] = []
  chain.forEach((from, place) => {
    chain.forEach((to, other) => {
      if (Math.abs(place - other) > 1) directions.push([from, to])
    })
  })
  return { kind: 'partition', shape: 'custom', atMs, durationMs, directions }
}
