/**
 * The fields that lines of several operations have in common: parameters, which mean what they
 * mean over HTTP, and the terms on which a read or a write is carried out.
 */

import type { Key } from '../../base/index.ts'
import type { Condition, ReadConsistency, WriteConcern } from '../../core/index.ts'
import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import { type JsonObject, refused, versionField } from '../api/json-object.ts'
import { CONCERN, type Parameter, parseIdempotencyKey, READ, TIMEOUT, TIMEOUT_DEFAULT_MS } from '../api/parameters.ts'
import type { SessionTokens } from '../api/session-tokens.ts'

export const READ_FIELDS = ['read', 'session', 'timeout']
export const WRITE_FIELDS = ['w', 'session', 'timeout', 'idempotencyKey']
export const CONDITION_FIELDS = ['ifVersion', 'ifAbsent']

interface ReadTerms {
  readonly consistency: ReadConsistency
  readonly session: ReadonlyVersionVector | null
  readonly timeoutMs: number
}

interface WriteTerms {
  readonly concern: WriteConcern
  readonly session: ReadonlyVersionVector | null
  readonly timeoutMs: number
  readonly idempotencyKey: string | null
}

/** A parameter among the fields, in the type of its schema, or undefined. @throws what the parameter's `read` does */
export function parameterField<T>({ fields }: JsonObject, parameter: Parameter<T>): T | undefined {
  const value = fields.get(parameter.name)
  if (value === undefined) return undefined
  const types = [parameter.schema.type].flat()
  if (!types.includes(jsonTypeOf(value))) throw refused(parameter.name, `is not ${types.join(' or ')}`)
  return parameter.read(String(value))
}

/** A session that is brought is honoured, unless the line asks for another consistency by name. @throws BAD_REQUEST */
export function readTerms(line: JsonObject, tokens: SessionTokens): ReadTerms {
  const session = sessionField(line, tokens)
  const consistency = parameterField(line, READ) ?? (session === null ? 'local' : 'session')
  // A local read waits for nothing, so not for its session either.
  return { consistency, session: consistency === 'local' ? null : session, timeoutMs: timeoutField(line) }
}

/** @throws BAD_REQUEST */
export function writeTerms(line: JsonObject, tokens: SessionTokens): WriteTerms {
  return {
    concern: parameterField(line, CONCERN) ?? 1,
    session: sessionField(line, tokens),
    timeoutMs: timeoutField(line),
    idempotencyKey: idempotencyField(line),
  }
}

/** `ifVersion` and `ifAbsent` as conditions on `key` (RG5). @throws BAD_REQUEST */
export function conditionsOf(line: JsonObject, key: Key): readonly Condition[] {
  const { fields } = line
  if (!fields.has('ifVersion') && !fields.has('ifAbsent')) return []
  if (fields.has('ifVersion') && fields.has('ifAbsent'))
    throw refused('ifVersion', 'and ifAbsent exclude each other: send the one that you mean')
  if (fields.has('ifVersion')) return [{ kind: 'version', key, version: versionField(line, 'ifVersion') }]
  if (fields.get('ifAbsent') !== true) throw refused('ifAbsent', 'is not true: leave it out, or give ifVersion')
  return [{ kind: 'absent', key }]
}

function timeoutField(line: JsonObject): number {
  return parameterField(line, TIMEOUT) ?? TIMEOUT_DEFAULT_MS
}

function sessionField({ fields }: JsonObject, tokens: SessionTokens): ReadonlyVersionVector | null {
  const session = fields.get('session')
  if (session === undefined) return null
  if (typeof session !== 'string') throw refused('session', 'is not a string: send what an earlier answer had under this name')
  return tokens.sessionOf(session, 'session')
}

function idempotencyField({ fields }: JsonObject): string | null {
  const key = fields.get('idempotencyKey')
  if (key === undefined) return null
  if (typeof key !== 'string') throw refused('idempotencyKey', 'is not a string: send a random UUID')
  return parseIdempotencyKey(key, 'idempotencyKey')
}

/** As JSON schemas call it. */
function jsonTypeOf(value: unknown): string {
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}
