/**
 * Isolation of transactions over append-only lists, inferred from what they read (Kingsbury and
 * Alvaro, "Elle", VLDB 2020). Appends make each version of a list carry its whole history, so the
 * dependencies between transactions are known and not guessed, and a cycle of them is a proof. In
 * the number of actions the check is linear; the history may have any number of processes.
 *
 * Edges: ww from the writer of an element to the writer of the next one, wr from the writer of the
 * last element read to the reader, rw from a reader to the writer of the element after the last
 * that it read. An acknowledged element that nobody read comes after all that were read. Real time
 * would take n² edges; instead each end is a moment, moments are a chain, and who starts later
 * hangs on the latest of them.
 */

import { SkeinError } from '../../base/index.ts'
import { type Cycle, type CycleKind, findCycles } from './anomalous-cycles.ts'
import { DependencyGraph, EDGE } from './dependency-graph.ts'
import { hasEnded, type Scalar, type Verdict } from './history.ts'
import { inferVersionOrders, type ListTransaction, type ReadAnomaly, type ReadAnomalyKind, type VersionOrder } from './version-orders.ts'

/**
 * Which order must be kept besides the dependencies: `none` is serializability, `process` strong
 * session serializability, `realtime` strict serializability.
 */
export type PromisedOrder = 'none' | 'process' | 'realtime'

export interface ListAppendResult {
  readonly verdict: Verdict
  /** Reads that are wrong by themselves. Their `reader` and `other` are positions in the history. */
  readonly reads: readonly ReadAnomaly[]
  /** One for each knot of transactions. A step's `node` is a position in the history. */
  readonly cycles: readonly Cycle[]
  /** How many anomalies there are of each kind. */
  readonly counts: Readonly<Partial<Record<ReadAnomalyKind | CycleKind, number>>>
}

/**
 * @param transactions in any order; times matter for `realtime`, and for the order in a process
 * @throws BAD_REQUEST if an element is appended twice to a key
 */
export function checkListAppend(transactions: readonly ListTransaction[], promised: PromisedOrder = 'realtime'): ListAppendResult {
  const { orders, anomalies, ambiguous } = inferVersionOrders(transactions)
  const [twice] = ambiguous
  if (twice !== undefined) {
    throw new SkeinError(
      'BAD_REQUEST',
      `element ${JSON.stringify(twice.element)} is appended to ${JSON.stringify(twice.key)} twice: give each append an element of its own`,
    )
  }
  const ends = promised === 'realtime' ? endsInOrder(transactions) : []
  const graph = new DependencyGraph(transactions.length + ends.length)
  for (const order of orders.values()) addVersionEdges(graph, order)
  for (const [number, transaction] of transactions.entries()) {
    if (transaction.outcome === 'ok') addReadEdges(graph, number, transaction, orders)
  }
  if (promised !== 'none') addProcessEdges(graph, transactions)
  if (promised === 'realtime') addRealTimeEdges(graph, transactions, ends)
  const cycles = findCycles(graph.seal(), transactions.length)
  const counts: Partial<Record<ReadAnomalyKind | CycleKind, number>> = {}
  for (const { kind } of [...anomalies, ...cycles]) counts[kind] = (counts[kind] ?? 0) + 1
  return { verdict: anomalies.length + cycles.length === 0 ? 'passed' : 'failed', reads: anomalies, cycles, counts }
}

function addVersionEdges(graph: DependencyGraph, order: VersionOrder): void {
  let before = -1
  for (const element of order.elements) {
    const writer = order.appended.get(element)?.transaction
    if (writer === undefined) continue
    if (before >= 0) graph.add(before, writer, EDGE.writeWrite)
    before = writer
  }
  if (before < 0) return
  for (const writer of order.unread) graph.add(before, writer, EDGE.writeWrite)
}

function addReadEdges(
  graph: DependencyGraph,
  reader: number,
  { actions }: ListTransaction,
  orders: ReadonlyMap<string, VersionOrder>,
): void {
  for (const action of actions) {
    const order = orders.get(action.key)
    if (action.kind !== 'read-list' || action.values === null || order === undefined) continue
    const writer = lastOfOthers(action.values, order, reader)
    if (writer !== null) graph.add(writer, reader, EDGE.writeRead)
    // A list that is no beginning of the longest one has no place in the order.
    if (!isBeginning(action.values, order)) continue
    if (action.values.length < order.elements.length) {
      const next = order.appended.get(order.elements[action.values.length] ?? null)
      if (next !== undefined) graph.add(reader, next.transaction, EDGE.readWrite)
    } else {
      for (const unread of order.unread) graph.add(reader, unread, EDGE.readWrite)
    }
  }
}

/** Who appended the last element that is not the reader's own. */
function lastOfOthers(values: readonly Scalar[], { appended }: VersionOrder, reader: number): number | null {
  for (let index = values.length - 1; index >= 0; index--) {
    const writer = appended.get(values[index] ?? null)?.transaction
    if (writer !== undefined && writer !== reader) return writer
  }
  return null
}

/** Enough to look at the last element: the others were compared when the order was inferred. */
function isBeginning(values: readonly Scalar[], { elements }: VersionOrder): boolean {
  return values.length === 0 || elements[values.length - 1] === values.at(-1)
}

/** From an acknowledged transaction to the next one of its process; one of unknown outcome may come after later ones. */
function addProcessEdges(graph: DependencyGraph, transactions: readonly ListTransaction[]): void {
  const latest = new Map<number, number>()
  for (const number of orderOfStarts(transactions)) {
    const transaction = transactions[number]
    if (transaction === undefined || transaction.outcome === 'failed') continue
    const before = latest.get(transaction.process)
    if (before !== undefined) graph.add(before, number, EDGE.processOrder)
    if (transaction.outcome === 'ok') latest.set(transaction.process, number)
  }
}

function orderOfStarts(transactions: readonly ListTransaction[]): Iterable<number> {
  const startOf = (number: number): number => transactions[number]?.start ?? 0
  // Recorders write transactions down as they start: mostly there is nothing to sort.
  const isSorted = transactions.every(({ start }, number) => number === 0 || startOf(number - 1) <= start)
  if (isSorted) return transactions.keys()
  return [...transactions.keys()].sort((left, right) => startOf(left) - startOf(right) || left - right)
}

/** @param ends the transactions whose ends are moments, in order: moment i is node `transactions.length + i` */
function addRealTimeEdges(graph: DependencyGraph, transactions: readonly ListTransaction[], ends: readonly number[]): void {
  const first = transactions.length
  for (const [moment, number] of ends.entries()) {
    graph.add(number, first + moment, EDGE.realTime)
    if (moment > 0) graph.add(first + moment - 1, first + moment, EDGE.realTime)
  }
  for (const [number, { outcome, start }] of transactions.entries()) {
    if (outcome === 'failed') continue
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((transactions[ends[middle] ?? 0]?.end ?? start) < start) low = middle + 1
      else high = middle
    }
    if (low > 0) graph.add(first + low - 1, number, EDGE.realTime)
  }
}

/** Ok transactions by their ends. */
function endsInOrder(transactions: readonly ListTransaction[]): number[] {
  const endOf = (number: number): number => transactions[number]?.end ?? 0
  return transactions
    .flatMap((transaction, number) => (transaction.outcome === 'ok' && hasEnded(transaction) ? [number] : []))
    .sort((left, right) => endOf(left) - endOf(right) || left - right)
}
