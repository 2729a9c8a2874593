/**
 * What a channel is asked, as HTTP requests to a node. A set or a delete of one key takes that
 * key's own route, whose body is the bare value; any other transaction is a batch.
 *
 * The keys `.` and `..` can't be in a path: every URL parser takes them for steps in the tree,
 * even when they are percent-encoded. They go by batch and by range.
 */

import { bytesFromBinary, keyFromText, present, SkeinError, textFromBinary, unreachable } from '../base/index.ts'
import type {
  ChannelCondition,
  ChannelOperation,
  ChannelTransaction,
  EncodedValue,
  Mode,
  PageQuery,
  ReadOptions,
  ValueType,
} from './channel.ts'
import type { HttpRequest } from './exchange.ts'

const NOT_FOUND = 404

const CONTENT_TYPES: Readonly<Record<ValueType, string>> = {
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  bytes: 'application/octet-stream',
}

/** True unless the key reads as a step in a path. */
export function isPathKey(key: string): boolean {
  return key !== '.' && key !== '..'
}

/** @throws BAD_REQUEST, TOO_LARGE */
export function getRequest(key: string, options: ReadOptions): HttpRequest {
  return {
    method: 'GET',
    path: keyPath(key),
    query: { meta: 'true', ...consistencyQuery(options) },
    headers: sessionHeader(options.session),
    body: null,
    waits: true,
    accepts: NOT_FOUND,
  }
}

/** @throws BAD_REQUEST */
export function pageRequest(query: PageQuery): HttpRequest {
  return {
    method: 'GET',
    path: '/v1/keys',
    query: {
      ...boundQuery('prefix', query.prefix),
      ...boundQuery('start', query.start),
      ...boundQuery('end', query.end),
      ...(query.reverse ? { reverse: 'true' } : {}),
      limit: String(query.limit),
      ...(query.cursor === null ? {} : { cursor: query.cursor }),
      ...consistencyQuery(query),
    },
    headers: sessionHeader(query.session),
    body: null,
    waits: true,
    accepts: null,
  }
}

export function conflictsRequest(limit: number, cursor: string | null): HttpRequest {
  return {
    method: 'GET',
    path: '/v1/conflicts',
    query: { limit: String(limit), ...(cursor === null ? {} : { cursor }) },
    headers: {},
    body: null,
    waits: false,
    accepts: null,
  }
}

/** @throws BAD_REQUEST, TOO_LARGE */
export function conflictsOfKeyRequest(key: string): HttpRequest {
  return { method: 'GET', path: `/v1/conflicts/${encodedKey(key)}`, query: {}, headers: {}, body: null, waits: false, accepts: null }
}

export const STATUS_REQUEST: HttpRequest = {
  method: 'GET',
  path: '/v1/status',
  query: {},
  headers: {},
  body: null,
  waits: false,
  accepts: null,
}

export const CLUSTER_REQUEST: HttpRequest = { ...STATUS_REQUEST, path: '/v1/cluster' }

export function modeRequest(mode: Mode): HttpRequest {
  return clusterChange('mode', { mode })
}

export function promoteRequest(node: string): HttpRequest {
  return clusterChange('promote', { node })
}

export function joinRequest(node: string): HttpRequest {
  return clusterChange('join', { node })
}

export function removeRequest(node: string, force: boolean): HttpRequest {
  const query = force ? { force: 'true' } : {}
  return { ...STATUS_REQUEST, method: 'DELETE', path: `/v1/cluster/members/${node}`, query, waits: true }
}

function clusterChange(route: string, body: object): HttpRequest {
  return {
    method: 'POST',
    path: `/v1/cluster/${route}`,
    query: {},
    headers: { 'content-type': CONTENT_TYPES.json },
    body: JSON.stringify(body),
    waits: true,
    accepts: null,
  }
}

/** @param idempotencyKey the same for every try @throws BAD_REQUEST, TOO_LARGE */
export function transactionRequest(transaction: ChannelTransaction, idempotencyKey: string): HttpRequest {
  const headers = { ...sessionHeader(transaction.session), 'idempotency-key': idempotencyKey }
  const only = transaction.operations.length === 1 ? transaction.operations[0] : undefined
  const condition = transaction.conditions[0]
  const isSingle = transaction.conditions.length <= 1 && (condition === undefined || condition.key === only?.key)
  if (isSingle && only !== undefined && only.op !== 'restore' && isPathKey(only.key)) {
    return singleRequest(only, transaction, condition === undefined ? headers : { ...headers, ...conditionHeader(condition) })
  }
  return batchRequest(transaction, headers)
}

type Headers = Readonly<Record<string, string>>

function singleRequest(
  operation: Exclude<ChannelOperation, { op: 'restore' }>,
  transaction: ChannelTransaction,
  headers: Headers,
): HttpRequest {
  const path = keyPath(operation.key)
  const concern = concernQuery(transaction)
  switch (operation.op) {
    case 'set':
      return {
        method: 'PUT',
        path,
        query: operation.ttlMs === undefined ? concern : { ...concern, ttl: ttlText(operation.ttlMs) },
        headers: { ...headers, 'content-type': CONTENT_TYPES[operation.value.type] },
        body: bytesFromBinary(operation.value.data),
        waits: true,
        accepts: null,
      }
    case 'del':
      return { method: 'DELETE', path, query: concern, headers, body: null, waits: true, accepts: null }
    default:
      return unreachable(operation)
  }
}

/** Written by hand: a JSON value is in its bytes already, and need not be parsed to be put into the body. */
function batchRequest(transaction: ChannelTransaction, headers: Headers): HttpRequest {
  const parts = [`"ops":[${transaction.operations.map(operationText).join()}]`]
  if (transaction.conditions.length > 0) {
    for (const { key } of transaction.conditions) keyFromText(key)
    parts.push(`"if":${JSON.stringify(transaction.conditions)}`)
  }
  if (transaction.concern !== 1) parts.push(`"w":${JSON.stringify(transaction.concern)}`)
  return {
    method: 'POST',
    path: '/v1/batch',
    query: {},
    headers: { ...headers, 'content-type': CONTENT_TYPES.json },
    body: `{${parts.join()}}`,
    waits: true,
    accepts: null,
  }
}

function operationText(operation: ChannelOperation): string {
  keyFromText(operation.key)
  const key = JSON.stringify(operation.key)
  switch (operation.op) {
    case 'set': {
      const ttl = operation.ttlMs === undefined ? '' : `,"ttl":"${ttlText(operation.ttlMs)}"`
      return `{"op":"set","key":${key},${valueText(operation.value)}${ttl}}`
    }
    case 'del':
      return `{"op":"del","key":${key}}`
    case 'restore':
      return `{"op":"restore","key":${key},"version":${JSON.stringify(operation.version)}}`
    default:
      return unreachable(operation)
  }
}

function valueText(value: EncodedValue): string {
  switch (value.type) {
    case 'json':
      return `"value":${textOf(value)}`
    case 'text':
      return `"value":${JSON.stringify(textOf(value))},"type":"text"`
    case 'bytes':
      return `"value":"${btoa(value.data)}","type":"bytes","encoding":"base64"`
    default:
      return unreachable(value.type)
  }
}

function textOf(value: EncodedValue): string {
  return present(textFromBinary(value.data), `a ${value.type} value is valid UTF-8`)
}

function conditionHeader(condition: ChannelCondition): Headers {
  return 'absent' in condition ? { 'if-none-match': '*' } : { 'if-match': `"${condition.version}"` }
}

function concernQuery(transaction: ChannelTransaction): Headers {
  return transaction.concern === 1 ? {} : { w: String(transaction.concern) }
}

function consistencyQuery(options: ReadOptions): Headers {
  return { read: options.consistency }
}

function sessionHeader(session: string | null): Headers {
  return session === null ? {} : { 'skein-session': session }
}

function ttlText(ttlMs: number): string {
  return `${ttlMs}ms`
}

function boundQuery(name: 'prefix' | 'start' | 'end', bound: string | undefined): Headers {
  if (bound === undefined || bound === '') return {}
  if (bound.isWellFormed()) return { [name]: bound }
  throw new SkeinError('BAD_REQUEST', `${name} is not valid Unicode text: it has half of a surrogate pair`)
}

function keyPath(key: string): string {
  return `/v1/keys/${encodedKey(key)}`
}

/** Checked, since encodeURIComponent throws its own error on half of a surrogate pair. */
function encodedKey(key: string): string {
  keyFromText(key)
  if (isPathKey(key)) return encodeURIComponent(key)
  throw new SkeinError('BAD_REQUEST', `the key ${JSON.stringify(key)} can not be part of a URL: list all conflicts instead`)
}
