/**
 * Looks at the calls that a workload hands out. Requests reach the replica "parsed and within their
 * limits", which on a real node its doors see to; in the simulator a workload of a user may have
 * anything in them, and a time-out that is no number would stop virtual time.
 *
 * What is wrong is said by its place in the call: `request.timeoutMs is missing, not a whole number
 * from 1 to 3600000`.
 */

import {
  BATCH_OPERATIONS_MAX,
  HOUR_MS,
  IDEMPOTENCY_KEY_BYTES_MAX,
  KEY_BYTES_MAX,
  PAGE_ITEMS_MAX,
  unreachable,
  VALUE_BYTES_MAX,
} from '../base/index.ts'
import type { Request } from '../core/index.ts'
import { NODES_MAX } from './cluster.ts'
import { Shape } from './shape.ts'

const TIMEOUT_MAX_MS = HOUR_MS
const TTL_MAX_MS = Number.MAX_SAFE_INTEGER
const WRITER_LENGTH_MAX = 128

const REQUEST_KINDS = [
  'get',
  'scan',
  'inspect',
  'transaction',
  'procedure',
  'copies',
  'conflicts',
  'status',
] as const satisfies readonly Request['kind'][]

/** @throws what `refuse` makes of the first thing that is wrong with a call */
export function checkCall(call: unknown, nodes: number, refuse: (problem: string) => Error): void {
  const shape = Shape.of(call, '', refuse).only(['request', 'node', 'onUnknown'])
  const node = shape.field('node')
  if (node.value !== 'same' && node.value !== 'any') {
    if (typeof node.value !== 'number') throw node.wrong('"same", "any" or the position of a node')
    node.integer(0, nodes - 1)
  }
  shape.field('onUnknown').oneOf(['retry-same', 'retry-any', 'go-on'])
  checkRequest(shape.field('request'))
}

function checkRequest(request: Shape): void {
  const kind = request.field('kind').oneOf(REQUEST_KINDS)
  switch (kind) {
    case 'get':
      checkKey(request.field('key'))
      return checkRead(request)
    case 'scan': {
      const range = request.field('range')
      range.field('start').orNull(checkKey)
      range.field('end').orNull(checkKey)
      range.field('reverse').boolean()
      request.field('limit').integer(1, PAGE_ITEMS_MAX)
      return checkRead(request)
    }
    case 'inspect':
      request.field('inspection').entries()
      return checkRead(request)
    case 'transaction':
      for (const operation of request.field('operations').items(BATCH_OPERATIONS_MAX)) checkOperation(operation)
      return checkTerms(request)
    case 'procedure':
      request.field('procedure').entries()
      return checkTerms(request)
    case 'copies':
      checkDot(request.field('version'))
      request.field('wanted').integer(1, NODES_MAX)
      return checkTimeout(request)
    case 'conflicts':
      request.field('key').orNull(checkKey)
      request.field('after').orNull(checkKey)
      request.field('limit').integer(1, PAGE_ITEMS_MAX)
      return
    case 'status':
      return
    default:
      return unreachable(kind)
  }
}

function checkOperation(operation: Shape): void {
  const kind = operation.field('kind').oneOf(['set', 'delete', 'restore'])
  checkKey(operation.field('key'))
  switch (kind) {
    case 'set': {
      const value = operation.field('value')
      value.field('type').oneOf(['json', 'text', 'bytes'])
      value.field('data').binary(0, VALUE_BYTES_MAX)
      operation.field('ttlMs').orNull((ttl) => ttl.number(1, TTL_MAX_MS))
      return
    }
    case 'delete':
      return
    case 'restore':
      return checkDot(operation.field('version'))
    default:
      return unreachable(kind)
  }
}

function checkTerms(request: Shape): void {
  for (const condition of request.field('conditions').items(BATCH_OPERATIONS_MAX)) {
    if (condition.field('kind').oneOf(['version', 'absent']) === 'version') checkDot(condition.field('version'))
    checkKey(condition.field('key'))
  }
  const concern = request.field('concern')
  if (concern.value !== 'majority' && concern.value !== 'all') concern.integer(1, Number.MAX_SAFE_INTEGER)
  request.field('idempotencyKey').orNull((key) => key.binary(1, IDEMPOTENCY_KEY_BYTES_MAX))
  checkWaiting(request)
}

function checkRead(request: Shape): void {
  request.field('consistency').oneOf(['local', 'session', 'linearizable'])
  checkWaiting(request)
}

function checkWaiting(request: Shape): void {
  request.field('session').orNull(checkSession)
  checkTimeout(request)
}

/** By what it can do: a module may have a copy of this package of its own. */
function checkSession(session: Shape): void {
  const { value } = session
  const isVector = typeof value === 'object' && value !== null && 'entries' in value && 'covers' in value
  if (!isVector) throw session.wrong('null or the session of an answer')
}

function checkTimeout(request: Shape): void {
  request.field('timeoutMs').number(1, TIMEOUT_MAX_MS)
}

function checkKey(key: Shape): void {
  key.binary(1, KEY_BYTES_MAX)
}

function checkDot(dot: Shape): void {
  dot.field('writer').text(WRITER_LENGTH_MAX)
  dot.field('sequence').integer(1, Number.MAX_SAFE_INTEGER)
}
