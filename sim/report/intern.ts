/** Tables of things that repeat: each is written once and named by its row from then on. */

import { bytesFromBinary, textFromBinary, toHex } from '../../base/index.ts'
import type { Value } from '../../crdt/index.ts'

/** Characters of a value that a report shows. */
export const VALUE_PREVIEW_MAX = 48
/** Characters of a key that a report shows; keys stay apart by their row. */
export const KEY_PREVIEW_MAX = 160

/** Rows by what they stand for. */
export class InternTable {
  readonly #rows = new Map<string, number>()
  /** As shown, by row. */
  readonly shown: string[] = []

  row(id: string): number {
    const known = this.#rows.get(id)
    return known ?? this.#add(id, id)
  }

  /** The row of a key, which is shown as text if it is one. */
  keyRow(key: string): number {
    const known = this.#rows.get(key)
    return known ?? this.#add(key, previewBinary(key, KEY_PREVIEW_MAX))
  }

  #add(id: string, shown: string): number {
    const row = this.shown.length
    this.shown.push(shown)
    this.#rows.set(id, row)
    return row
  }
}

export function previewValue(value: Value): string {
  const data = previewBinary(value.data, VALUE_PREVIEW_MAX)
  return value.type === 'json' || data.startsWith('0x') ? data : JSON.stringify(data)
}

function previewBinary(binary: string, max: number): string {
  const text = binary.length <= max * 4 ? textFromBinary(binary) : textFromBinary(wholeCharacters(binary.slice(0, max)))
  if (text === null) return previewBytes(binary, max)
  const cut = text.length > max || binary.length > max * 4
  return cut ? `${text.slice(0, max).toWellFormed()}… (${binary.length} bytes)` : text
}

function previewBytes(binary: string, max: number): string {
  const hex = `0x${toHex(bytesFromBinary(binary.slice(0, max / 4)))}`
  return binary.length > max / 4 ? `${hex}… (${binary.length} bytes)` : hex
}

/** Without the UTF-8 character that the cut went through. */
function wholeCharacters(binary: string): string {
  let end = binary.length
  while (end > 0 && (binary.charCodeAt(end - 1) & 0xc0) === 0x80) end--
  return end > 0 && binary.charCodeAt(end - 1) >= 0xc0 ? binary.slice(0, end - 1) : binary
}
