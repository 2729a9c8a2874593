/**
 * The answers of a node's HTTP door, from JSON to what a channel returns. Each field that is used
 * is checked; others are ignored, so that a newer node may say more. What does not fit is a
 * `MalformedError`, which counts as an answer of something that is no Skein node.
 */

import { binaryFromBytes, binaryFromText, fromBase64, MalformedError, textFromBinary, utf8 } from '../base/index.ts'
import type {
  ClusterMembers,
  ClusterMode,
  Committed,
  ConflictPage,
  ConflictRecord,
  ConflictSide,
  EncodedValue,
  Page,
  StoredItem,
} from './channel.ts'
import type { Answer } from './exchange.ts'

type Fields = Readonly<Record<string, unknown>>

const NOT_FOUND = 404

/** @throws MalformedError */
export function decodeGet(key: string, answer: Answer): { item: StoredItem | null; session: string } {
  if (answer.status !== NOT_FOUND) return { item: decodeItem(answer.body, key), session: answer.session ?? '' }
  // A route that does not exist is "not found" too; only an answer about a key carries a session.
  if (answer.session === null) throw new MalformedError('it says not found, but not of a key')
  return { item: null, session: answer.session }
}

/** @throws MalformedError */
export function decodePage(answer: Answer): Page {
  const body = fieldsOf(answer.body, 'the page')
  const items = listOf(body.items, 'items').map((item) => decodeItem(item, null))
  return { items, cursor: nullableText(body, 'cursor'), session: answer.session ?? '' }
}

/** @param writes true unless all operations are deletes, which may find nothing to do @throws MalformedError */
export function decodeCommitted(answer: Answer, writes: boolean): Committed {
  const body = fieldsOf(answer.body, 'the answer')
  if (writes) text(body, 'version')
  const { deleted } = body
  const session = typeof body.session === 'string' ? body.session : (answer.session ?? '')
  return { version: nullableText(body, 'version'), deleted: typeof deleted === 'number' ? deleted : deleted === true ? 1 : 0, session }
}

/** @throws MalformedError */
export function decodeConflicts(answer: Answer): ConflictPage {
  const body = fieldsOf(answer.body, 'the answer')
  const keys = listOf(body.items, 'items').map((item) => {
    const fields = fieldsOf(item, 'a key')
    return { ...decodeKey(fields), conflicts: listOf(fields.conflicts, 'conflicts').map(decodeConflict) }
  })
  return { keys, cursor: nullableText(body, 'cursor') }
}

/** @throws MalformedError */
export function decodeStatus(answer: Answer): Record<string, unknown> {
  return { ...fieldsOf(answer.body, 'the status') }
}

/** @throws MalformedError */
export function decodeMode(answer: Answer): ClusterMode {
  const fields = fieldsOf(answer.body, 'the answer')
  const { mode } = fields
  if (mode !== 'multi' && mode !== 'leader') throw new MalformedError('it has an unknown mode')
  return { mode, epoch: integer(fields.epoch, 'epoch'), leader: nullableText(fields, 'leader') }
}

/** @throws MalformedError */
export function decodeMembers(answer: Answer): ClusterMembers {
  const voters = listOf(fieldsOf(answer.body, 'the answer').voters, 'voters')
  return {
    voters: voters.map((voter) => {
      if (typeof voter !== 'string') throw new MalformedError('a voter is no text')
      return voter
    }),
  }
}

/** @param asked the key that the item must be of, or null for any */
function decodeItem(item: unknown, asked: string | null): StoredItem {
  const fields = fieldsOf(item, 'an item')
  const value = decodeValue(fields)
  if (value === null) throw new MalformedError('an item has no type')
  const { conflicts } = fields
  const expiresAt = nullableText(fields, 'expiresAt')
  return {
    ...(asked === null ? decodeKey(fields) : { key: asked }),
    value,
    version: text(fields, 'version'),
    writer: text(fields, 'writer'),
    timestampMs: momentOf(text(fields, 'timestamp')),
    expiresAtMs: expiresAt === null ? null : momentOf(expiresAt),
    conflicts: typeof conflicts === 'number' ? conflicts : 0,
  }
}

function momentOf(iso: string): number {
  const ms = Date.parse(iso)
  if (Number.isNaN(ms)) throw new MalformedError('a moment is not of ISO 8601')
  return ms
}

/** A key that is not UTF-8 stays in base64, and is marked. */
function decodeKey(fields: Fields): { key: string; keyEncoding?: 'base64' } {
  const key = text(fields, 'key')
  if (fields.keyEncoding !== 'base64') return { key }
  const bytes = fromBase64(key)
  const asText = bytes === null ? null : textFromBinary(binaryFromBytes(bytes, 0, bytes.length))
  return asText === null ? { key, keyEncoding: 'base64' } : { key: asText }
}

/** Null for a delete, which has no type. */
function decodeValue(fields: Fields): EncodedValue | null {
  const { type, value, encoding } = fields
  switch (type) {
    case 'json':
      return { type, data: binaryFromText(JSON.stringify(value ?? null)) }
    case 'text':
    case 'bytes': {
      if (typeof value !== 'string') throw new MalformedError(`a ${type} value is no string`)
      const bytes = encoding === 'base64' ? fromBase64(value) : utf8(value)
      if (bytes === null) throw new MalformedError('a value is not base64')
      return { type, data: binaryFromBytes(bytes, 0, bytes.length) }
    }
    case undefined:
    case null:
      return null
    default:
      throw new MalformedError('a value has an unknown type')
  }
}

function decodeConflict(conflict: unknown): ConflictRecord {
  const fields = fieldsOf(conflict, 'a conflict')
  const { rule } = fields
  if (rule !== 'epoch' && rule !== 'timestamp' && rule !== 'writer') throw new MalformedError('a conflict was decided by an unknown rule')
  return { winner: decodeSide(fields.winner), loser: decodeSide(fields.loser), rule }
}

function decodeSide(side: unknown): ConflictSide {
  const fields = fieldsOf(side, 'a side of a conflict')
  const clock = Object.entries(fieldsOf(fields.clock, 'a clock')).map(([writer, sequence]) => [writer, integer(sequence, 'a clock')])
  const isOmitted = fields.valueOmitted === true
  return {
    version: text(fields, 'version'),
    writer: text(fields, 'writer'),
    timestamp: text(fields, 'timestamp'),
    epoch: integer(fields.epoch, 'epoch'),
    value: isOmitted ? null : decodeValue(fields),
    ...(isOmitted ? { valueOmitted: true } : {}),
    clock: Object.fromEntries(clock),
  }
}

function fieldsOf(value: unknown, name: string): Fields {
  if (isFields(value)) return value
  throw new MalformedError(`${name} is no object`)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new MalformedError(`${name} is no list`)
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  throw new MalformedError(`${name} is no text`)
}

function nullableText(fields: Fields, name: string): string | null {
  return fields[name] === null || fields[name] === undefined ? null : text(fields, name)
}

function integer(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new MalformedError(`${name} is no integer`)
}
