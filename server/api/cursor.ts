/**
 * Cursors: where the next page of a listing starts, as an opaque text. A cursor holds a key and
 * what it is a cursor of, nothing else; a page costs the node no memory between two requests, and
 * any node can answer the next one. Keeping an iterator open per client was rejected: it would
 * pin the state and have to be given up some day.
 */

import { binaryFromBytes, bytesFromBinary, fromBase64, isKey, type Key, SkeinError, toBase64Url, unreachable } from '../../base/index.ts'

export type Listing = 'scan' | 'reverse scan' | 'conflicts'

export function formatCursor(listing: Listing, key: Key): string {
  return toBase64Url(bytesFromBinary(tagOf(listing) + key))
}

/** The key in a cursor that the same kind of listing gave. @throws BAD_REQUEST */
export function parseCursor(listing: Listing, text: string): Key {
  const bytes = fromBase64(text)
  const binary = bytes === null ? '' : binaryFromBytes(bytes, 0, bytes.length)
  const key = binary.slice(1)
  if (binary.charAt(0) === tagOf(listing) && isKey(key)) return key
  throw new SkeinError(
    'BAD_REQUEST',
    `the cursor is not one of a ${listing}: pass on the cursor of the page before, with the same parameters`,
  )
}

function tagOf(listing: Listing): string {
  switch (listing) {
    case 'scan':
      return 's'
    case 'reverse scan':
      return 'r'
    case 'conflicts':
      return 'c'
    default:
      return unreachable(listing)
  }
}
