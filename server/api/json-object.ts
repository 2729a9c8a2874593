/**
 * The fields of a JSON object that a client sent. Read by hand, field by field: a refusal names
 * the very field (`ops[3].ttl`), unknown fields are refused, a value is taken from the source text
 * unchanged, and nothing of the object becomes part of another one.
 */

import { isDeeperThan, JSON_DEPTH_MAX, type Key, keyFromText, present, SkeinError } from '../../base/index.ts'
import type { WriteConcern } from '../../core/index.ts'
import { type Dot, parseDot, type Value } from '../../crdt/index.ts'
import { membersOf } from './json-source.ts'
import { type JsonCarrier, tooDeep } from './json-text.ts'
import { parseConcern, parseTtl } from './parameters.ts'
import { valueOfSource, valueOfText } from './value-json.ts'

export interface JsonObject {
  /** What its fields are called after, such as `ops[3]`; empty for the object that came. */
  readonly path: string
  readonly fields: ReadonlyMap<string, unknown>
  /** The text that it is in, and where it starts there. */
  readonly text: string
  readonly start: number
}

/** @param known the fields that it may have @param carrier what it came in, or its path there @throws BAD_REQUEST */
export function objectOf(
  parsed: unknown,
  carrier: string,
  path: string,
  known: readonly string[],
  text: string,
  start: number,
): JsonObject {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw refused(carrier, `is not an object with ${known.join(', ')}`)
  }
  const fields = new Map<string, unknown>(Object.entries(parsed))
  for (const field of fields.keys()) {
    if (!known.includes(field)) {
      throw refused(carrier, `has the unknown field ${JSON.stringify(field.slice(0, 80))}: known are ${known.join(', ')}`)
    }
  }
  return { path, fields, text, start }
}

/** `key`. @throws BAD_REQUEST, TOO_LARGE */
export function keyField(object: JsonObject): Key {
  const key = object.fields.get('key')
  if (typeof key !== 'string') throw refused(nameIn(object, 'key'), 'is not a string of 1 to 1024 bytes')
  return keyFromText(key)
}

/** A version under the name `field`. @throws BAD_REQUEST */
export function versionField(object: JsonObject, field: string): Dot {
  const text = object.fields.get(field)
  const version = typeof text === 'string' ? parseDot(text) : null
  if (version === null) throw refused(nameIn(object, field), 'is not a version such as "n1.0a1b2c3d:17": take it from an answer')
  return version
}

/** `value`, as `type` and `encoding` say. @throws BAD_REQUEST, TOO_LARGE */
export function valueField(object: JsonObject, maxBytes: number, carrier: JsonCarrier): Value {
  const { fields, text, start } = object
  const value = fields.get('value')
  const type = fields.get('type') ?? (fields.has('encoding') ? 'bytes' : 'json')
  const encoding = fields.get('encoding') ?? 'utf8'
  if (!fields.has('value')) throw refused(nameIn(object, 'value'), 'is missing: give any JSON, or use op "del" to delete')
  if (encoding !== 'utf8' && encoding !== 'base64') {
    throw refused(nameIn(object, 'encoding'), 'is not "base64": leave it out, or encode the bytes so')
  }
  if (type === 'json') {
    if (encoding === 'base64') throw refused(nameIn(object, 'encoding'), 'is for bytes: give JSON as it is')
    const source = present(membersOf(text, start).get('value'), 'a parsed member has a source')
    if (isDeeperThan(text.slice(source.start, source.end), JSON_DEPTH_MAX)) throw tooDeep(carrier)
    return valueOfSource(text, source.start, source.end, maxBytes)
  }
  if (type !== 'text' && type !== 'bytes') throw refused(nameIn(object, 'type'), 'is not "json", "text" or "bytes"')
  if (typeof value !== 'string') throw refused(nameIn(object, 'value'), `is not a string, as a value of type ${type} has to be`)
  return valueOfText(value, type, encoding, nameIn(object, 'value'), maxBytes)
}

/** `ttl` in milliseconds, or null without it. @throws BAD_REQUEST */
export function ttlField(object: JsonObject): number | null {
  const ttl = object.fields.get('ttl')
  const name = nameIn(object, 'ttl')
  if (ttl === undefined) return null
  if (typeof ttl === 'string') return parseTtl(ttl, name)
  if (typeof ttl === 'number' && Number.isInteger(ttl)) return parseTtl(String(ttl), name)
  throw refused(name, 'is not a duration: write "500ms", "30s", "5m", "2h", "7d", or an integer of milliseconds')
}

/** `w`; one node without it. @throws BAD_REQUEST */
export function concernField({ fields }: JsonObject): WriteConcern {
  return fields.has('w') ? parseConcern(fields.get('w')) : 1
}

/** What a field is called in a refusal. */
export function nameIn({ path }: JsonObject, field: string): string {
  return path === '' ? field : `${path}.${field}`
}

export function refused(name: string, what: string): SkeinError {
  return new SkeinError('BAD_REQUEST', `${name} ${what}`)
}
