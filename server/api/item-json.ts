/**
 * Keys, versions and values as JSON text. Written by hand and spliced: a stored JSON value goes
 * into an answer as it is, without being parsed, so a page of a scan costs about a copy of its
 * bytes, and no stored name ever becomes a property of an object here.
 */

import { bytesFromBinary, type Key, textFromBinary, toBase64 } from '../../base/index.ts'
import type { Item } from '../../core/index.ts'
import { type Dot, formatDot, type Version, wallFromTimestamp } from '../../crdt/index.ts'
import { formatCursor } from './cursor.ts'
import { valueFields } from './value-json.ts'

/** The last moment that a JavaScript date can show, in milliseconds since 1970. */
const DATE_MAX_MS = 8_640_000_000_000_000

/** `"key":…`, and `"keyEncoding":"base64"` for one that is not UTF-8. */
export function keyFields(key: Key): string {
  const text = textFromBinary(key)
  return text === null ? `"key":"${toBase64(bytesFromBinary(key))}","keyEncoding":"base64"` : `"key":${JSON.stringify(text)}`
}

/** `"version":…,"writer":…,"timestamp":…`: writers and versions are ASCII without quotes (ID3). */
export function versionFields(version: Version): string {
  const { dot } = version
  return `"version":"${formatDot(dot)}","writer":"${dot.writer}","timestamp":"${isoTime(wallFromTimestamp(version.timestamp))}"`
}

export function deadlineField(version: Version): string {
  return version.deadlineMs === null ? '"expiresAt":null' : `"expiresAt":"${isoTime(version.deadlineMs)}"`
}

/** An item of a page, or, with the count of its conflicts, the answer to a read. */
export function itemFields(item: Item, withValue: boolean, conflicts: number | null): string {
  const value = withValue ? valueFields(item.value) : `"type":"${item.value.type}"`
  const count = conflicts === null ? '' : `,"conflicts":${conflicts}`
  return `${keyFields(item.key)},${value},${versionFields(item.version)},${deadlineField(item.version)}${count}`
}

/** A page of a scan, as fields: `"items":[…],"cursor":…`. */
export function pageFields(items: readonly Item[], next: Key | null, isReverse: boolean, withValues: boolean): string {
  const list = items.map((item) => `{${itemFields(item, withValues, null)}}`).join(',')
  const cursor = next === null ? 'null' : `"${formatCursor(isReverse ? 'reverse scan' : 'scan', next)}"`
  return `"items":[${list}],"cursor":${cursor}`
}

export function versionJson(version: Dot | null): string {
  return version === null ? 'null' : `"${formatDot(version)}"`
}

/** ISO 8601 of milliseconds since 1970; what is beyond the last date is shown as the last. */
function isoTime(ms: number): string {
  return new Date(Math.min(ms, DATE_MAX_MS)).toISOString()
}
