/**
 * A batch as JSON: `{ops: […], if?: […], w?}` in, operations and conditions out (WR3, RG5). Each
 * operation is an object of its own, read by `json-object.ts`.
 */

import { BATCH_BYTES_MAX, BATCH_OPERATIONS_MAX, JSON_DEPTH_MAX, MIB, present, SkeinError } from '../../base/index.ts'
import type { Condition, Operation } from '../../core/index.ts'
import { concernField, type JsonObject, keyField, nameIn, objectOf, refused, ttlField, valueField, versionField } from './json-object.ts'
import { elementsOf, membersOf } from './json-source.ts'
import type { JsonCarrier } from './json-text.ts'
import type { Write } from './write.ts'

export const BATCH_FIELDS = ['ops', 'if', 'w']

/** A batch of the largest size as JSON, with its quotes, escapes and base64. */
export const BATCH_JSON_BYTES_MAX = 8 * MIB

/** The levels around a value: what the batch came in, the list, the operation. */
export const BATCH_DEPTH_MAX = JSON_DEPTH_MAX + 3

const SET_FIELDS = ['op', 'key', 'value', 'type', 'encoding', 'ttl']
const DELETE_FIELDS = ['op', 'key']
const RESTORE_FIELDS = ['op', 'key', 'version']
const CONDITION_FIELDS = ['key', 'version', 'absent']

/** The batch in an object with `BATCH_FIELDS`. @param maxValueBytes of one value @throws BAD_REQUEST, TOO_LARGE */
export function batchOf(object: JsonObject, maxValueBytes: number, carrier: JsonCarrier): Write {
  const { fields, text, start } = object
  const ops = listOf(fields.get('ops'), 'ops')
  if (ops.length === 0) throw refused('ops', 'is empty: give at least one operation')
  const sources = elementsOf(text, present(membersOf(text, start).get('ops'), 'a parsed member has a source').start)
  const operations = ops.map((op, i) => {
    const source = present(sources[i], 'a parsed element has a source')
    return operationOf(op, `ops[${i}]`, text, source.start, maxValueBytes, carrier)
  })
  const conditions = fields.has('if') ? listOf(fields.get('if'), 'if').map((condition, i) => conditionOf(condition, `if[${i}]`)) : []
  const concern = concernField(object)
  checkBytes(operations)
  return { operations, conditions, concern }
}

function operationOf(parsed: unknown, path: string, text: string, start: number, maxValueBytes: number, carrier: JsonCarrier): Operation {
  const op = typeof parsed === 'object' && parsed !== null && 'op' in parsed ? parsed.op : undefined
  switch (op) {
    case 'set': {
      const object = objectOf(parsed, path, path, SET_FIELDS, text, start)
      const value = valueField(object, maxValueBytes, carrier)
      return { kind: 'set', key: keyField(object), value, ttlMs: ttlField(object) }
    }
    case 'del':
      return { kind: 'delete', key: keyField(objectOf(parsed, path, path, DELETE_FIELDS, text, start)) }
    case 'restore': {
      const object = objectOf(parsed, path, path, RESTORE_FIELDS, text, start)
      return { kind: 'restore', key: keyField(object), version: versionField(object, 'version') }
    }
    default:
      throw refused(`${path}.op`, 'is not "set", "del" or "restore"')
  }
}

function conditionOf(parsed: unknown, path: string): Condition {
  // Nothing of a condition is stored, so its source is not asked for.
  const object = objectOf(parsed, path, path, CONDITION_FIELDS, '', 0)
  const { fields } = object
  const key = keyField(object)
  if (fields.has('version') === fields.has('absent')) throw refused(path, 'needs either "version" or "absent": true')
  if (fields.has('version')) return { kind: 'version', key, version: versionField(object, 'version') }
  if (fields.get('absent') !== true) {
    throw refused(nameIn(object, 'absent'), 'is not true: leave out the condition, or give the version')
  }
  return { kind: 'absent', key }
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
