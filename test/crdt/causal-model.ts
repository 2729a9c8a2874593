/**
 * A model that keeps whole causal histories: every version carries the set of all dots it was
 * written in knowledge of. It is slow and obviously right; the register is checked against it.
 */

import { type Epoch, makeWriterId, type NodeName, type Timestamp } from '../../base/index.ts'
import { Dependencies, type Dot, formatDot, HybridClock, type Version, VersionVector } from '../../crdt/index.ts'

export interface ModelVersion {
  readonly version: Version
  /** Every dot that its writer knew, the version's own left out. */
  readonly history: ReadonlySet<string>
}

/** One step of a made-up history: a node writes, or learns all that another one knows. */
export type ModelStep =
  | { readonly kind: 'write'; readonly node: number; readonly clockMs: number }
  | { readonly kind: 'learn'; readonly node: number; readonly from: number }

interface ModelNode {
  readonly frontier: VersionVector
  readonly known: Map<string, ModelVersion>
  readonly clock: HybridClock
  dependencies: Dependencies
  sequence: number
}

const EPOCH = 1 as Epoch
const START_MS = Date.UTC(2026, 0, 1)

/** All versions of one key that a history brings forth, in an order that extends causality. */
export function playHistory(nodes: number, steps: readonly ModelStep[]): ModelVersion[] {
  const states = Array.from(
    { length: nodes },
    (): ModelNode => ({
      frontier: new VersionVector(),
      known: new Map(),
      clock: new HybridClock(),
      dependencies: Dependencies.none(),
      sequence: 0,
    }),
  )
  const written: ModelVersion[] = []
  for (const step of steps) {
    const node = states[step.node % nodes]
    if (node === undefined) continue
    if (step.kind === 'write') written.push(write(node, step.node % nodes, step.clockMs))
    else learn(node, states[step.from % nodes] ?? node)
  }
  return written
}

/** True if `later` was written in knowledge of `earlier`. */
export function knows(later: ModelVersion, earlier: ModelVersion): boolean {
  return later.history.has(formatDot(earlier.version.dot))
}

function write(node: ModelNode, index: number, clockMs: number): ModelVersion {
  const writer = makeWriterId(`n${index}` as NodeName, index)
  node.sequence += 1
  const dot: Dot = { writer, sequence: node.sequence }
  node.dependencies = node.dependencies.advance(node.frontier, writer)
  const timestamp: Timestamp = node.clock.next(START_MS + clockMs)
  const version: Version = {
    dot,
    epoch: EPOCH,
    timestamp,
    value: { type: 'text', data: formatDot(dot) },
    deadlineMs: null,
    dependencies: node.dependencies,
  }
  const written = { version, history: new Set(node.known.keys()) }
  node.known.set(formatDot(dot), written)
  node.frontier.advance(writer, node.sequence)
  return written
}

function learn(node: ModelNode, from: ModelNode): void {
  for (const [dot, version] of from.known) node.known.set(dot, version)
  node.frontier.join(from.frontier)
  node.clock.observe(from.clock.latest)
}
