/**
 * The clock that decides what "too far ahead" means (HL3): the median of at least three clocks,
 * the node's own included, or the own one. A median, because one wrong clock must not stop two
 * right ones.
 */

/** With fewer clocks besides the own one there is no majority of right ones. */
export const OTHER_CLOCKS_MIN = 2

/** The median of all clocks as an offset to this node's; `offsetsMs` are the peers' clocks minus it. */
export function medianOffsetMs(offsetsMs: readonly number[]): number {
  const clocks = [0, ...offsetsMs].sort((left, right) => left - right)
  const upper = clocks[Math.floor(clocks.length / 2)] ?? 0
  const lower = clocks[Math.floor((clocks.length - 1) / 2)] ?? 0
  return (lower + upper) / 2
}
