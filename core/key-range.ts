/** The range of keys that a scan means: bounds, a prefix, and where the page before stopped. */

import type { Key } from '../base/index.ts'
import type { KeyRange } from './requests.ts'

export interface ScanBounds {
  /** May be empty, which stands for all keys. */
  readonly prefix: Key | null
  /** First key, or null. */
  readonly start: Key | null
  /** First key after the range, or null. */
  readonly end: Key | null
  readonly reverse: boolean
  /** `next` of the page before, or null. */
  readonly cursor: Key | null
}

export function keyRange({ prefix, start, end, reverse, cursor }: ScanBounds): KeyRange {
  const first = later(later(prefix, start), reverse ? null : cursor)
  const last = earlier(earlier(prefix === null ? null : successor(prefix), end), reverse ? cursor : null)
  return { start: first, end: last, reverse }
}

/** The smallest key after all keys with this prefix, or null if there is none. */
function successor(prefix: Key): Key | null {
  let length = prefix.length
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--
  if (length === 0) return null
  return (prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1)) as Key
}

function later(left: Key | null, right: Key | null): Key | null {
  if (left === null || right === null) return left ?? right
  return left > right ? left : right
}

function earlier(left: Key | null, right: Key | null): Key | null {
  if (left === null || right === null) return left ?? right
  return left < right ? left : right
}
