/**
 * A short name for what is written where, so that invariants can remember every write of a run
 * without keeping its bytes. Of two writes in 2^53 one may pass for the other.
 *
 * FNV-1a in two lanes over a sample of the value: hashing megabytes would cost more than the run.
 */

/** A value is told by so many characters at its start and its end, and its length. */
const SAMPLE_LENGTH = 64
const LOW_LANE_SIZE = 2 ** 32
const HIGH_LANE_SIZE = 2 ** 21

/** @param data null for a deletion */
export function writeHash(name: string, data: string | null): number {
  let low = 0x811c9dc5
  let high = data === null ? 0x7fffffff : data.length
  const mix = (text: string): void => {
    for (let place = 0; place < text.length; place++) {
      low = Math.imul(low ^ text.charCodeAt(place), 0x01000193)
      high = Math.imul(high ^ text.charCodeAt(place), 0x85ebca6b)
    }
  }
  mix(name)
  if (data !== null) mix(data.length <= 2 * SAMPLE_LENGTH ? data : data.slice(0, SAMPLE_LENGTH) + data.slice(-SAMPLE_LENGTH))
  return ((high >>> 0) % HIGH_LANE_SIZE) * LOW_LANE_SIZE + (low >>> 0)
}
