/**
 * The shapes in which a network falls apart, as the directions that are cut. Halves and isolation
 * are what people think of; the others are those that broke real systems (Jepsen's nemeses): in
 * the ring every node sees a majority and no two see the same one, the bridge is seen by both
 * sides, and a one-way cut lets only one side notice.
 */

import { type Prng, unreachable } from '../base/index.ts'
import { between, pick, pickSome } from './draw.ts'
import type { Direction, NodeIndex, PartitionShape } from './fault.ts'

export const DRAWN_SHAPES = ['halves', 'isolated', 'ring', 'bridge', 'one-way'] as const satisfies readonly PartitionShape[]
/** With fewer nodes a ring is whole and a bridge has no second side. */
const RING_NODES_MIN = 4
const BRIDGE_NODES_MIN = 3

export interface Partition {
  readonly shape: PartitionShape
  readonly directions: readonly Direction[]
}

export function drawPartition(random: Prng, nodes: number): Partition {
  const all = Array.from({ length: nodes }, (_, node) => node)
  const shape = possibleShape(pick(random, DRAWN_SHAPES), nodes)
  return { shape, directions: drawDirections(random, shape, all) }
}

function drawDirections(random: Prng, shape: (typeof DRAWN_SHAPES)[number], all: readonly NodeIndex[]): Direction[] {
  switch (shape) {
    case 'halves': {
      const left = pickSome(random, all, between(random, 1, Math.max(1, all.length - 1)))
      return cutBothWays(left, without(all, left))
    }
    case 'isolated': {
      const alone = [pick(random, all)]
      return cutBothWays(alone, without(all, alone))
    }
    case 'ring':
      return cutRing(shuffle(random, all))
    case 'bridge': {
      const bridge = pick(random, all)
      const rest = shuffle(random, without(all, [bridge]))
      const middle = rest.length >> 1
      return cutBothWays(rest.slice(0, middle), rest.slice(middle))
    }
    case 'one-way': {
      const from = pickSome(random, all, between(random, 1, Math.max(1, all.length - 1)))
      return cutOneWay(from, without(all, from))
    }
    default:
      return unreachable(shape)
  }
}

function possibleShape(shape: (typeof DRAWN_SHAPES)[number], nodes: number): (typeof DRAWN_SHAPES)[number] {
  if (shape === 'ring' && nodes < RING_NODES_MIN) return 'isolated'
  if (shape === 'bridge' && nodes < BRIDGE_NODES_MIN) return 'halves'
  return shape
}

/** Each node keeps only its two neighbours. */
function cutRing(ring: readonly NodeIndex[]): Direction[] {
  const cut: Direction[] = []
  ring.forEach((from, place) => {
    ring.forEach((to, other) => {
      const distance = Math.abs(place - other)
      if (distance > 1 && distance < ring.length - 1) cut.push([from, to])
    })
  })
  return cut
}

function cutBothWays(left: readonly NodeIndex[], right: readonly NodeIndex[]): Direction[] {
  return [...cutOneWay(left, right), ...cutOneWay(right, left)]
}

function cutOneWay(from: readonly NodeIndex[], to: readonly NodeIndex[]): Direction[] {
  return from.flatMap((source) => to.map((target): Direction => [source, target]))
}

function without(all: readonly NodeIndex[], some: readonly NodeIndex[]): NodeIndex[] {
  return all.filter((node) => !some.includes(node))
}

/** The same nodes in an order that is drawn. */
export function shuffle(random: Prng, list: readonly NodeIndex[]): NodeIndex[] {
  const left = [...list]
  const shuffled: NodeIndex[] = []
  while (left.length > 0) shuffled.push(...left.splice(random.below(left.length), 1))
  return shuffled
}
