/**
 * The clock that decides what "too far ahead" means (HL3): the median of at least three clocks,
 * the node's own included, or the own one. A median, because one wrong clock must not stop two
 * right ones.
 */

/** Median offset to this node's wall clock; `offsetsMs` are the peers' clocks minus the own one. */
export function referenceOffsetMs(offsetsMs: readonly number[]): number {
  if (offsetsMs.length < 2) return 0
  const clocks = [0, ...offsetsMs].sort((left, right) => left - right)
  const upper = clocks[Math.floor(clocks.length / 2)] ?? 0
  const lower = clocks[Math.floor((clocks.length - 1) / 2)] ?? 0
  return (lower + upper) / 2
}

/** This node is so far ahead that peers would hold its entries: it refuses writes. */
export function isFarAhead(referenceOffset: number, maxDriftMs: number): boolean {
  return -referenceOffset > maxDriftMs
}

/** The wall clock to stamp with: a node that is far behind goes by the reference. */
export function stampingWallMs(wallMs: number, referenceOffset: number, maxDriftMs: number): number {
  return referenceOffset > maxDriftMs ? wallMs + referenceOffset : wallMs
}
