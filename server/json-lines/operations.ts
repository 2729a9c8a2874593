/**
 * What a line can ask, one entry a name: the fields it may have besides `op` and `id`, what it asks
 * of the node, and the fields of the answer. Everything that HTTP has is here under HTTP's names
 * and with HTTP's meaning; what headers carry there are fields here.
 */

import { assert, PAGE_ITEMS_DEFAULT, SkeinError } from '../../base/index.ts'
import { keyRange, type Reply, type Request } from '../../core/index.ts'
import type { ReadonlyVersionVector } from '../../crdt/index.ts'
import { BATCH_FIELDS, batchOf } from '../api/batch-json.ts'
import { conflictPageFields } from '../api/conflict-json.ts'
import { parseCursor } from '../api/cursor.ts'
import { itemFields, pageFields, versionJson } from '../api/item-json.ts'
import { type JsonObject, keyField, valueField, versionField } from '../api/json-object.ts'
import type { JsonCarrier } from '../api/json-text.ts'
import { type MembersChange, membersFields } from '../api/members-json.ts'
import { type ModeChange, modeField, modeFields, nodeField } from '../api/mode-json.ts'
import { clusterView, unreadiness } from '../api/node-view.ts'
import { CURSOR, END, FORCE, LIMIT, PREFIX, REVERSE, START, TIMEOUT, TIMEOUT_DEFAULT_MS, TTL, VALUES } from '../api/parameters.ts'
import type { SessionTokens } from '../api/session-tokens.ts'
import type { Gateway } from '../gateway.ts'
import { CONDITION_FIELDS, conditionsOf, parameterField, READ_FIELDS, readTerms, WRITE_FIELDS, writeTerms } from './line-fields.ts'

/** What the operations need of the door. */
export interface LineContext {
  readonly gateway: Gateway
  /** A value, in bytes. */
  readonly maxValueBytes: number
  readonly tokens: SessionTokens
}

/** What is left to do of a line. */
export type LineCall =
  /** Known already: the fields of the answer. */
  | { readonly kind: 'answer'; readonly fields: string }
  /** `answer` makes the fields of the answer, or throws what went wrong. */
  | { readonly kind: 'ask'; readonly request: Request; answer(reply: Reply): string }

export interface LineOperation {
  readonly fields: readonly string[]
  /** @throws BAD_REQUEST, TOO_LARGE, UNAVAILABLE */
  read(line: JsonObject, context: LineContext): LineCall
}

export const LINE: JsonCarrier = {
  name: 'the line',
  plain: '"type":"text"',
  advice: 'send one JSON object a line, such as {"op":"get","key":"a"}',
}

export const OPERATIONS: ReadonlyMap<string, LineOperation> = new Map([
  ['get', { fields: ['key', ...READ_FIELDS], read: readGet }],
  ['set', { fields: ['key', 'value', 'type', 'encoding', 'ttl', ...CONDITION_FIELDS, ...WRITE_FIELDS], read: readSet }],
  ['del', { fields: ['key', ...CONDITION_FIELDS, ...WRITE_FIELDS], read: readDelete }],
  ['batch', { fields: [...BATCH_FIELDS.filter((field) => field !== 'w'), ...WRITE_FIELDS], read: readBatch }],
  [
    'scan',
    {
      fields: [...[PREFIX, START, END, LIMIT, CURSOR, REVERSE, VALUES].map((parameter) => parameter.name), ...READ_FIELDS],
      read: readScan,
    },
  ],
  ['conflicts', { fields: ['key', LIMIT.name, CURSOR.name], read: readConflicts }],
  ['restore', { fields: ['key', 'version', ...WRITE_FIELDS], read: readRestore }],
  ['status', { fields: [], read: (_line, { gateway }) => answer(gateway.status()) }],
  ['cluster', { fields: [], read: (_line, { gateway }) => answer(clusterView(gateway.status())) }],
  ['mode', { fields: ['mode', TIMEOUT.name], read: (line) => askForMode({ kind: 'mode', mode: modeField(line) }, line) }],
  ['promote', { fields: ['node', TIMEOUT.name], read: (line) => askForMode({ kind: 'promote', node: nodeField(line) }, line) }],
  [
    'join',
    {
      fields: ['node', TIMEOUT.name],
      read: (line) => askForMembers({ kind: 'members', change: 'join', node: nodeField(line), isForced: false }, line),
    },
  ],
  [
    'remove',
    {
      fields: ['node', FORCE.name, TIMEOUT.name],
      read: (line) => {
        const isForced = parameterField(line, FORCE) ?? false
        return askForMembers({ kind: 'members', change: 'remove', node: nodeField(line), isForced }, line)
      },
    },
  ],
  ['ready', { fields: [], read: readReady }],
  ['ping', { fields: [], read: () => answer({ pong: true }) }],
])

function readGet(line: JsonObject, { tokens }: LineContext): LineCall {
  const request = { kind: 'get', key: keyField(line), ...readTerms(line, tokens) } as const
  return ask(request, 'value', ({ item, conflicts, session }) => {
    if (item !== null) return `${itemFields(item, true, conflicts)},${sessionFields(session, tokens)}`
    const failure = new SkeinError('NOT_FOUND', 'there is no such key: write it with op "set", or list the keys with op "scan"')
    // That there is nothing is an answer, too: it is of a session.
    return `${failureFields(failure)},${sessionFields(session, tokens)}`
  })
}

function readSet(line: JsonObject, { maxValueBytes, tokens }: LineContext): LineCall {
  const key = keyField(line)
  const value = valueField(line, maxValueBytes, LINE)
  const operation = { kind: 'set', key, value, ttlMs: parameterField(line, TTL) ?? null } as const
  const request = {
    kind: 'transaction',
    operations: [operation],
    conditions: conditionsOf(line, key),
    ...writeTerms(line, tokens),
  } as const
  return ask(request, 'committed', (reply) => writtenFields(reply, tokens))
}

function readDelete(line: JsonObject, { tokens }: LineContext): LineCall {
  const key = keyField(line)
  const operations = [{ kind: 'delete', key }] as const
  const request = { kind: 'transaction', operations, conditions: conditionsOf(line, key), ...writeTerms(line, tokens) } as const
  return ask(request, 'committed', (reply) => `"deleted":${reply.deleted > 0},${writtenFields(reply, tokens)}`)
}

function readBatch(line: JsonObject, { maxValueBytes, tokens }: LineContext): LineCall {
  const { operations, conditions } = batchOf(line, maxValueBytes, LINE)
  const request = { kind: 'transaction', operations, conditions, ...writeTerms(line, tokens) } as const
  return ask(request, 'committed', (reply) => `"deleted":${reply.deleted},${writtenFields(reply, tokens)}`)
}

function readScan(line: JsonObject, { tokens }: LineContext): LineCall {
  const reverse = parameterField(line, REVERSE) ?? false
  const cursor = parameterField(line, CURSOR)
  const withValues = parameterField(line, VALUES) ?? true
  const range = keyRange({
    prefix: parameterField(line, PREFIX) ?? null,
    start: parameterField(line, START) ?? null,
    end: parameterField(line, END) ?? null,
    reverse,
    cursor: cursor === undefined ? null : parseCursor(reverse ? 'reverse scan' : 'scan', cursor),
  })
  const limit = parameterField(line, LIMIT) ?? PAGE_ITEMS_DEFAULT
  const request = { kind: 'scan', range, limit, ...readTerms(line, tokens) } as const
  return ask(
    request,
    'page',
    ({ items, next, session }) => `${pageFields(items, next, reverse, withValues)},${sessionFields(session, tokens)}`,
  )
}

function readConflicts(line: JsonObject): LineCall {
  const cursor = parameterField(line, CURSOR)
  const request = {
    kind: 'conflicts',
    key: line.fields.has('key') ? keyField(line) : null,
    after: cursor === undefined ? null : parseCursor('conflicts', cursor),
    limit: parameterField(line, LIMIT) ?? PAGE_ITEMS_DEFAULT,
  } as const
  return ask(request, 'conflicts', ({ keys, next }) => conflictPageFields(keys, next))
}

function readRestore(line: JsonObject, { tokens }: LineContext): LineCall {
  const operations = [{ kind: 'restore', key: keyField(line), version: versionField(line, 'version') }] as const
  const request = { kind: 'transaction', operations, conditions: [], ...writeTerms(line, tokens) } as const
  return ask(request, 'committed', (reply) => writtenFields(reply, tokens))
}

function askForMode(wanted: ModeChange, line: JsonObject): LineCall {
  return ask({ ...wanted, timeoutMs: parameterField(line, TIMEOUT) ?? TIMEOUT_DEFAULT_MS }, 'mode', modeFields)
}

function askForMembers(wanted: MembersChange, line: JsonObject): LineCall {
  return ask({ ...wanted, timeoutMs: parameterField(line, TIMEOUT) ?? TIMEOUT_DEFAULT_MS }, 'members', membersFields)
}

function readReady(_line: JsonObject, { gateway }: LineContext): LineCall {
  const failure = unreadiness(gateway)
  if (failure !== null) throw failure
  return answer({ ready: true })
}

type ReplyOf<Kind extends Reply['kind']> = Extract<Reply, { readonly kind: Kind }>

function ask<Kind extends Exclude<Reply['kind'], 'failed'>>(
  request: Request,
  kind: Kind,
  fields: (reply: ReplyOf<Kind>) => string,
): LineCall {
  return {
    kind: 'ask',
    request,
    answer: (reply) => {
      if (reply.kind === 'failed') throw reply.error
      assert(isOfKind(reply, kind), `a request of kind ${request.kind} was answered by a ${reply.kind}`)
      return fields(reply)
    },
  }
}

function isOfKind<Kind extends Reply['kind']>(reply: Reply, kind: Kind): reply is ReplyOf<Kind> {
  return reply.kind === kind
}

function answer(body: object): LineCall {
  return { kind: 'answer', fields: JSON.stringify(body).slice(1, -1) }
}

/** `"error":{…}`. */
export function failureFields(failure: SkeinError): string {
  return JSON.stringify(failure).slice(1, -1)
}

function writtenFields({ version, session }: ReplyOf<'committed'>, tokens: SessionTokens): string {
  return `"version":${versionJson(version)},${sessionFields(session, tokens)}`
}

function sessionFields(session: ReadonlyVersionVector, tokens: SessionTokens): string {
  return `"session":"${tokens.textOf(session)}"`
}
