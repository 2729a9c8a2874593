/**
 * What reads of append-only lists prove, before any graph: every element names the transaction
 * that appended it, so the longest list read of a key is the order of its versions, and every
 * other read of the key must be a beginning of it (Kingsbury and Alvaro 2020, section 3).
 *
 * Reads that can't be right by themselves are found on the way: of elements that nobody appended
 * (or twice), of a transaction that was aborted (G1a), of one that was not done yet (G1b), or
 * against what their own transaction did.
 */

import type { AppendAction, Scalar, Span } from './history.ts'

/** A list as a transaction read it; null if the outcome of the transaction is unknown. */
export interface ListRead {
  readonly kind: 'read-list'
  readonly key: string
  readonly values: readonly Scalar[] | null
}

export interface ListTransaction extends Span {
  /** `failed`: it is known that nothing was written. */
  readonly outcome: 'ok' | 'failed' | 'unknown'
  readonly actions: readonly (AppendAction | ListRead)[]
}

export type ReadAnomalyKind =
  /** Nobody appended the element. */
  | 'thin-air'
  | 'duplicate-element'
  /** Two reads of a key, none of which is a beginning of the other. */
  | 'incompatible-order'
  /** The transaction did not see its own appends, or two different lists. */
  | 'internal'
  /** Aborted read: the element's transaction had failed. */
  | 'G1a'
  /** Intermediate read: the element's transaction went on to append to the key. */
  | 'G1b'

export interface ReadAnomaly {
  readonly kind: ReadAnomalyKind
  readonly key: string
  /** Number of the transaction that read, and of the other one that it concerns, if any. */
  readonly reader: number
  readonly other: number | null
  readonly element: Scalar
}

/** An element, by the transaction that appended it. */
export interface Appended {
  readonly transaction: number
  /** True if the transaction appended nothing to the key after it. */
  readonly isLast: boolean
  /** Its place in the order of versions, from 0; -1 if nobody read it. */
  position: number
}

export interface VersionOrder {
  readonly appended: ReadonlyMap<Scalar, Appended>
  /** The longest list read. */
  readonly elements: readonly Scalar[]
  /** Who read it. */
  readonly reader: number
  /** Acknowledged transactions with elements that nobody read, at most `UNREAD_MAX`: those that ended first. */
  readonly unread: readonly number[]
}

export interface VersionOrders {
  readonly orders: ReadonlyMap<string, VersionOrder>
  readonly anomalies: readonly ReadAnomaly[]
  /** Elements that were appended twice: the history can't be judged. */
  readonly ambiguous: readonly { readonly key: string; readonly element: Scalar }[]
}

interface KeyRecord {
  readonly appended: Map<Scalar, Appended>
  elements: readonly Scalar[]
  reader: number
  unread: readonly number[]
}

/** Actions that are faster compared in pairs than put into a map. */
const FEW_ACTIONS = 8
/** Of a key: the ones that ended first say the most. */
const UNREAD_MAX = 4

export function inferVersionOrders(transactions: readonly ListTransaction[]): VersionOrders {
  const records = new Map<string, KeyRecord>()
  const anomalies: ReadAnomaly[] = []
  const ambiguous: { key: string; element: Scalar }[] = []
  for (const [number, transaction] of transactions.entries()) {
    addAppends(records, number, transaction, ambiguous)
    if (transaction.outcome === 'ok') keepLongest(records, number, transaction)
  }
  for (const [key, record] of records) {
    placeElements(key, record, anomalies)
    record.unread = firstUnread(record, transactions)
  }
  for (const [number, transaction] of transactions.entries()) {
    if (transaction.outcome !== 'ok') continue
    if (readsAgain(transaction)) checkInternally(number, transaction, anomalies)
    for (const action of transaction.actions) {
      const record = records.get(action.key)
      if (action.kind === 'read-list' && action.values !== null && record !== undefined) {
        checkRead(number, action.key, action.values, record, transactions, anomalies)
      }
    }
  }
  return { orders: records, anomalies, ambiguous }
}

function recordOf(records: Map<string, KeyRecord>, key: string): KeyRecord {
  let record = records.get(key)
  if (record === undefined) {
    record = { appended: new Map(), elements: [], reader: -1, unread: [] }
    records.set(key, record)
  }
  return record
}

function addAppends(
  records: Map<string, KeyRecord>,
  number: number,
  { actions }: ListTransaction,
  ambiguous: { key: string; element: Scalar }[],
): void {
  const keysWithLater = new Set<string>()
  for (let index = actions.length - 1; index >= 0; index--) {
    const action = actions[index]
    if (action?.kind !== 'append') continue
    const { key, value } = action
    const { appended } = recordOf(records, key)
    if (appended.has(value)) ambiguous.push({ key, element: value })
    else appended.set(value, { transaction: number, isLast: !keysWithLater.has(key), position: -1 })
    keysWithLater.add(key)
  }
}

function keepLongest(records: Map<string, KeyRecord>, number: number, { actions }: ListTransaction): void {
  for (const action of actions) {
    if (action.kind !== 'read-list' || action.values === null) continue
    const record = recordOf(records, action.key)
    if (record.reader >= 0 && action.values.length <= record.elements.length) continue
    record.elements = action.values
    record.reader = number
  }
}

function placeElements(key: string, { appended, elements, reader }: KeyRecord, anomalies: ReadAnomaly[]): void {
  for (const [position, element] of elements.entries()) {
    const known = appended.get(element)
    if (known === undefined) continue
    if (known.position >= 0) anomalies.push({ kind: 'duplicate-element', key, reader, other: known.transaction, element })
    else known.position = position
  }
}

function firstUnread({ appended }: KeyRecord, transactions: readonly ListTransaction[]): readonly number[] {
  const endOf = (number: number): number => transactions[number]?.end ?? Number.POSITIVE_INFINITY
  const first: number[] = []
  for (const { transaction, position } of appended.values()) {
    if (position >= 0 || transactions[transaction]?.outcome !== 'ok' || first.includes(transaction)) continue
    const place = first.findIndex((other) => endOf(transaction) < endOf(other))
    first.splice(place < 0 ? first.length : place, 0, transaction)
    if (first.length > UNREAD_MAX) first.pop()
  }
  return first
}

/** True if it may read a key after it did something else with it. */
function readsAgain({ actions }: ListTransaction): boolean {
  if (actions.length > FEW_ACTIONS) return true
  for (let index = 1; index < actions.length; index++) {
    const action = actions[index]
    if (action?.kind !== 'read-list') continue
    for (let earlier = 0; earlier < index; earlier++) if (actions[earlier]?.key === action.key) return true
  }
  return false
}

/** What a transaction reads of a key begins with what it read before and ends with what it appended since. */
function checkInternally(reader: number, { actions }: ListTransaction, anomalies: ReadAnomaly[]): void {
  const seen = new Map<string, { before: readonly Scalar[] | null; appended: Scalar[] }>()
  for (const action of actions) {
    const { key } = action
    let own = seen.get(key)
    if (own === undefined) {
      own = { before: null, appended: [] }
      seen.set(key, own)
    }
    if (action.kind === 'append') {
      own.appended.push(action.value)
      continue
    }
    const { values } = action
    if (values === null) continue
    const { before, appended } = own
    const external = values.length - appended.length
    const endsRight = external >= 0 && appended.every((value, index) => values[external + index] === value)
    const beginsRight = before === null || (external === before.length && before.every((value, index) => values[index] === value))
    if (!endsRight || !beginsRight) anomalies.push({ kind: 'internal', key, reader, other: null, element: values.at(-1) ?? null })
    own.before = values
    own.appended = []
  }
}

function checkRead(
  reader: number,
  key: string,
  values: readonly Scalar[],
  record: KeyRecord,
  transactions: readonly ListTransaction[],
  anomalies: ReadAnomaly[],
): void {
  let isPrefix = true
  for (let index = 0; index < values.length; index++) {
    const element = values[index] ?? null
    if (isPrefix && record.elements[index] !== element) {
      isPrefix = false
      anomalies.push({ kind: 'incompatible-order', key, reader, other: record.reader, element })
    }
    const known = record.appended.get(element)
    if (known === undefined) anomalies.push({ kind: 'thin-air', key, reader, other: null, element })
    else if (transactions[known.transaction]?.outcome === 'failed') {
      anomalies.push({ kind: 'G1a', key, reader, other: known.transaction, element })
    }
  }
  const element = values.at(-1)
  const last = element === undefined ? undefined : record.appended.get(element)
  if (element !== undefined && last !== undefined && last.transaction !== reader && !last.isLast) {
    anomalies.push({ kind: 'G1b', key, reader, other: last.transaction, element })
  }
}
