/**
 * Events as JSON, one a line, for other programs: what is not JSON becomes what reads best there.
 * Bytes are hexadecimal, vectors and dependencies objects from writer to sequence. Keys and
 * values stay binary strings: a character a byte.
 */

import { toHex } from '../base/index.ts'
import { Dependencies, VersionVector } from '../crdt/index.ts'
import { PackedVector } from './packed-vectors.ts'
import type { TraceEvent } from './trace.ts'

/** One line without its end: `{"number":…,"atMs":…,"happening":{"kind":…}}`. */
export function traceLine(event: TraceEvent): string {
  return JSON.stringify(event, (_name, value: unknown) => plain(value))
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (value instanceof VersionVector || value instanceof PackedVector) return Object.fromEntries(value.entries())
  if (value instanceof Dependencies) return Object.fromEntries(value.toVector().entries())
  return value
}
