/**
 * The body of a batch: JSON in, a list of operations and conditions out. Read by hand, field by
 * field: a refusal names the very field (`ops[3].ttl`), unknown fields are refused, a value is
 * taken from the source text unchanged, and nothing of the body becomes part of another object.
 */

import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, JSON_DEPTH_MAX, type Key, keyFromText, present, SkeinError } from '../../base/index.ts'
import type { Condition, Operation, WriteConcern } from '../../core/index.ts'
import { type Dot, parseDot, type Value } from '../../crdt/index.ts'
import { elementsOf, membersOf, type Source } from './json-source.ts'
import { parseConcern, parseTtl } from './parameters.ts'
import type { Write } from './transaction-call.ts'
import { parseJsonBody, valueOfJson, valueOfText } from './value-body.ts'

/** The levels around a value: the body, the list, the operation. */
const LEVELS_AROUND_VALUE = 3

const BATCH_FIELDS = ['ops', 'if', 'w']
const SET_FIELDS = ['op', 'key', 'value', 'type', 'encoding', 'ttl']
const DELETE_FIELDS = ['op', 'key']
const RESTORE_FIELDS = ['op', 'key', 'version']
const CONDITION_FIELDS = ['key', 'version', 'absent']

type Fields = ReadonlyMap<string, unknown>

/** A batch out of its body. @param maxValueBytes of one value @throws BAD_REQUEST, TOO_LARGE */
export function parseBatch(body: Uint8Array | undefined, maxValueBytes: number): Write {
  const { text, parsed } = parseJsonBody(body, JSON_DEPTH_MAX + LEVELS_AROUND_VALUE)
  const fields = fieldsOf(parsed, 'the body', BATCH_FIELDS)
  const ops = listOf(fields.get('ops'), 'ops')
  if (ops.length === 0) throw refused('ops', 'is empty: give at least one operation')
  const sources = elementsOf(text, present(membersOf(text, 0).get('ops'), 'a parsed member has a source').start)
  const operations = ops.map((op, i) =>
    parseOperation(op, `ops[${i}]`, text, present(sources[i], 'a parsed element has a source'), maxValueBytes),
  )
  const conditions = fields.has('if') ? listOf(fields.get('if'), 'if').map((condition, i) => parseCondition(condition, `if[${i}]`)) : []
  const concern: WriteConcern = fields.has('w') ? parseConcern(fields.get('w')) : 1
  checkBytes(operations)
  return { operations, conditions, concern }
}

/** The fields of a parsed JSON object, all of them among `known`. @throws BAD_REQUEST */
export function fieldsOf(parsed: unknown, name: string, known: readonly string[]): Fields {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw refused(name, `is not an object with ${known.join(', ')}`)
  const fields: Fields = new Map(Object.entries(parsed))
  for (const field of fields.keys()) {
    if (!known.includes(field))
      throw refused(name, `has the unknown field ${JSON.stringify(field.slice(0, 80))}: known are ${known.join(', ')}`)
  }
  return fields
}

/** @throws BAD_REQUEST */
export function parseVersion(value: unknown, name: string): Dot {
  const version = typeof value === 'string' ? parseDot(value) : null
  if (version === null) throw refused(name, 'is not a version such as "n1.0a1b2c3d:17": take it from an answer')
  return version
}

function parseOperation(parsed: unknown, name: string, text: string, source: Source, maxValueBytes: number): Operation {
  const op = typeof parsed === 'object' && parsed !== null && 'op' in parsed ? parsed.op : undefined
  switch (op) {
    case 'set': {
      const fields = fieldsOf(parsed, name, SET_FIELDS)
      const value = parseValue(fields, name, text, source, maxValueBytes)
      return { kind: 'set', key: parseKey(fields, name), value, ttlMs: parseTimeToLive(fields.get('ttl'), `${name}.ttl`) }
    }
    case 'del':
      return { kind: 'delete', key: parseKey(fieldsOf(parsed, name, DELETE_FIELDS), name) }
    case 'restore': {
      const fields = fieldsOf(parsed, name, RESTORE_FIELDS)
      return { kind: 'restore', key: parseKey(fields, name), version: parseVersion(fields.get('version'), `${name}.version`) }
    }
    default:
      throw refused(`${name}.op`, 'is not "set", "del" or "restore"')
  }
}

function parseValue(fields: Fields, name: string, text: string, source: Source, maxValueBytes: number): Value {
  const value = fields.get('value')
  const type = fields.get('type') ?? (fields.has('encoding') ? 'bytes' : 'json')
  const encoding = fields.get('encoding') ?? 'utf8'
  if (!fields.has('value')) throw refused(`${name}.value`, 'is missing: give any JSON, or use op "del" to delete')
  if (encoding !== 'utf8' && encoding !== 'base64')
    throw refused(`${name}.encoding`, 'is not "base64": leave it out, or encode the bytes so')
  if (type === 'json') {
    if (encoding === 'base64') throw refused(`${name}.encoding`, 'is for bytes: give JSON as it is')
    const { start, end } = present(membersOf(text, source.start).get('value'), 'a parsed member has a source')
    return valueOfJson(text.slice(start, end), maxValueBytes)
  }
  if (type !== 'text' && type !== 'bytes') throw refused(`${name}.type`, 'is not "json", "text" or "bytes"')
  if (typeof value !== 'string') throw refused(`${name}.value`, `is not a string, as a value of type ${type} has to be`)
  return valueOfText(value, type, encoding, `${name}.value`, maxValueBytes)
}

function parseTimeToLive(ttl: unknown, name: string): number | null {
  if (ttl === undefined) return null
  if (typeof ttl === 'string') return parseTtl(ttl, name)
  if (typeof ttl === 'number' && Number.isInteger(ttl)) return parseTtl(String(ttl), name)
  throw refused(name, 'is not a duration: write "500ms", "30s", "5m", "2h", "7d", or an integer of milliseconds')
}

function parseCondition(parsed: unknown, name: string): Condition {
  const fields = fieldsOf(parsed, name, CONDITION_FIELDS)
  const key = parseKey(fields, name)
  const isAbsent = fields.get('absent')
  if (fields.has('version') === fields.has('absent')) throw refused(name, 'needs either "version" or "absent": true')
  if (fields.has('version')) return { kind: 'version', key, version: parseVersion(fields.get('version'), `${name}.version`) }
  if (isAbsent !== true) throw refused(`${name}.absent`, 'is not true: leave out the condition, or give the version')
  return { kind: 'absent', key }
}

function parseKey(fields: Fields, name: string): Key {
  const key = fields.get('key')
  if (typeof key !== 'string') throw refused(`${name}.key`, 'is not a string of 1 to 1024 bytes')
  return keyFromText(key)
}

function listOf(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(name, 'is not a list')
  if (value.length <= BATCH_OPERATIONS_MAX) return value
  throw new SkeinError('TOO_LARGE', `${name} has ${value.length} entries, at most ${BATCH_OPERATIONS_MAX} are taken: send several batches`)
}

function checkBytes(operations: readonly Operation[]): void {
  let bytes = 0
  for (const operation of operations) bytes += operation.key.length + (operation.kind === 'set' ? operation.value.data.length : 0)
  if (bytes <= BATCH_BYTES_MAX) return
  throw new SkeinError(
    'TOO_LARGE',
    `the batch has ${bytes} bytes of keys and values, at most ${BATCH_BYTES_MAX} are taken: send several batches`,
  )
}

function refused(name: string, what: string): SkeinError {
  return new SkeinError('BAD_REQUEST', `${name} ${what}`)
}
