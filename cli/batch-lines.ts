/**
 * The lines of `skein batch`: one JSON operation each, in the form of `POST /v1/batch`. A mistake
 * in any line refuses the whole, by its number, before anything is sent.
 */

import { BATCH_OPERATIONS_MAX, fromBase64, keyFromText, parseDuration, SkeinError, utf8 } from '../base/index.ts'
import type { BatchOperation } from '../client/index.ts'
import type { TypedValue } from './value-text.ts'

type Fields = ReadonlyMap<string, unknown>

const SET_FIELDS = ['op', 'key', 'value', 'type', 'encoding', 'ttl']
const DEL_FIELDS = ['op', 'key']

/** Blank lines are skipped. @throws BAD_REQUEST naming the line, TOO_LARGE */
export function parseBatchLines(text: string): BatchOperation[] {
  const operations: BatchOperation[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    operations.push(parseLine(line, `line ${index + 1}`))
    if (operations.length > BATCH_OPERATIONS_MAX) {
      throw new SkeinError('TOO_LARGE', `the batch has more than ${BATCH_OPERATIONS_MAX} operations: split it, if it need not be atomic`)
    }
  }
  if (operations.length === 0)
    throw new SkeinError('BAD_REQUEST', 'the batch is empty: write one operation a line, {"op":"set","key":"a","value":1}')
  return operations
}

function parseLine(line: string, name: string): BatchOperation {
  const fields = parseFields(line, name)
  const op = fields.get('op')
  if (op === 'set') {
    refuseOthers(fields, SET_FIELDS, name)
    return { op, key: parseKey(fields, name), ...parseValue(fields, name), ttl: parseTtl(fields, name) }
  }
  if (op === 'del') {
    refuseOthers(fields, DEL_FIELDS, name)
    return { op, key: parseKey(fields, name) }
  }
  throw new SkeinError('BAD_REQUEST', `${name} has the op ${shown(op)}: write "set" or "del"`)
}

function parseFields(line: string, name: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new SkeinError('BAD_REQUEST', `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value))
  throw new SkeinError('BAD_REQUEST', `${name} is no object: write {"op":"set","key":"a","value":1}`)
}

function refuseOthers(fields: Fields, known: readonly string[], name: string): void {
  for (const field of fields.keys()) {
    if (!known.includes(field))
      throw new SkeinError('BAD_REQUEST', `${name} has the unknown field ${shown(field)}; known are ${known.join(', ')}`)
  }
}

function parseKey(fields: Fields, name: string): string {
  const key = fields.get('key')
  if (typeof key !== 'string') throw new SkeinError('BAD_REQUEST', `${name} has no "key" that is text`)
  keyFromText(key)
  return key
}

function parseValue(fields: Fields, name: string): TypedValue {
  const value = fields.get('value')
  if (value === undefined) throw new SkeinError('BAD_REQUEST', `${name} sets no "value"`)
  if (fields.has('encoding')) return { value: parseBytes(fields, value, name), as: 'json' }
  const type = fields.get('type') ?? 'json'
  if (type === 'json') return { value, as: type }
  if (type === 'text' && typeof value === 'string') return { value, as: type }
  if (type === 'bytes' && typeof value === 'string') return { value: utf8(value), as: 'json' }
  throw new SkeinError('BAD_REQUEST', `${name} has the type ${shown(type)}: it is "json", or with a string as value "text" or "bytes"`)
}

function parseBytes(fields: Fields, value: unknown, name: string): Uint8Array {
  const isBase64 = fields.get('encoding') === 'base64' && (fields.get('type') ?? 'bytes') === 'bytes'
  const bytes = isBase64 && typeof value === 'string' ? fromBase64(value) : null
  if (bytes !== null) return bytes
  throw new SkeinError('BAD_REQUEST', `${name} has an "encoding": it can only be "base64", of type "bytes", with a value in base64`)
}

function parseTtl(fields: Fields, name: string): number | undefined {
  const ttl = fields.get('ttl')
  if (ttl === undefined) return undefined
  if (typeof ttl === 'string' || typeof ttl === 'number') return parseDuration(String(ttl), `the ttl of ${name}`)
  throw new SkeinError('BAD_REQUEST', `${name} has the ttl ${shown(ttl)}: write "30s"`)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60)
}
