/**
 * How long the simulator's checkers take for a history of so many operations that is right: the
 * slow case, since nothing ends the search early. One process; memory is what Node gives.
 */

import { FIRST_EPOCH, type Key, keyFromText, makeWriterId, Prng, parseNodeName, present, type Timestamp } from '../base/index.ts'
import { Dependencies, type Version, VersionVector } from '../crdt/index.ts'
import {
  append,
  checkBank,
  checkCausalSessions,
  checkCounterBounds,
  checkLinearizable,
  checkListAppend,
  checkLongFork,
  checkRegisters,
  checkSetFull,
  compareAndSet,
  counterModel,
  hasEnded,
  increment,
  type ListTransaction,
  listModel,
  read,
  readList,
  registerModel,
  type Scalar,
  type SessionAnswer,
  type SetAdd,
  type SetRead,
  type Span,
  span,
  UNKNOWN_END,
  type Verdict,
  type WrittenVersion,
  write,
} from '../sim/checkers/index.ts'
import { type Row, thousands } from './measure.ts'

const SEED = 7
const TARGET = '1,000,000 operations in under 10 s'
/** Calls take up to this long on either side of the moment at which they take effect; one begins every `STEP`. */
const HALF_LENGTH_MAX = 40
const STEP = 10
/** More than can overlap. */
const PROCESSES = 20
const UNKNOWN_ONE_IN = 200
const WRITERS = 5
const LIST_LENGTH_MAX = 24

export function benchCheckers(count: number): Row[] {
  const random = new Prng(SEED)
  const spans = Array.from({ length: count }, (_, number) => spanAround(random, number))
  return [
    measure('register by zones, 1,000 keys', registers(random, spans, 1000), (history) => checkRegisters(history).verdict),
    measure('register by zones, 1 key', registers(random, spans, 1), (history) => checkRegisters(history).verdict),
    measure(
      'register by search, 1,000 keys',
      registers(random, spans, 1000),
      (history) => checkLinearizable(registerModel(), history).verdict,
    ),
    // An unknown write is tried at every step until it fits: on one key, thousands of them take minutes.
    measure(
      'register by search, 1 key, no unknown outcomes',
      registers(random, spans.filter(hasEnded), 1),
      (history) => checkLinearizable(registerModel(), history).verdict,
    ),
    measure(
      'compare-and-set by search, 1,000 keys',
      swaps(random, spans, 1000),
      (history) => checkLinearizable(registerModel(), history).verdict,
    ),
    measure('counter by search, 1,000 keys', counts(random, spans, 1000), (history) => checkLinearizable(counterModel(), history).verdict),
    measure('list by search, short lists', lists(random, spans), (history) => checkLinearizable(listModel(history), history).verdict),
    measure('set-full, 10 reads of all', set(random, spans), ({ adds, reads }) => checkSetFull(adds, reads).verdict),
    measure('counter bounds', bounds(random, spans), ({ increments, reads }) => checkCounterBounds(increments, reads).verdict),
    measure('bank, 8 accounts', bank(random, count), (history) => checkBank(history, BANK).verdict),
    measure('long fork, groups of 4', snapshots(random, count), (history) => checkLongFork(history).verdict),
    measure(
      'list-append, transactions of 2 operations',
      transactions(random, spans.slice(0, count / 2)),
      (history) => checkListAppend(history).verdict,
    ),
    measure('causal sessions, 5 writers', sessions(random, count), ({ writes, answers }) => checkCausalSessions(writes, answers).verdict),
  ].map(({ what, ms }) => ({
    what: `check: ${what}`,
    figure: `${thousands(count)} in ${(ms / 1000).toFixed(2)} s (${thousands((count / ms) * 1000)} operations/s)`,
    target: TARGET,
  }))
}

function measure<History>(what: string, history: History, check: (history: History) => Verdict): { what: string; ms: number } {
  const startMs = performance.now()
  const verdict = check(history)
  const ms = performance.now() - startMs
  if (verdict !== 'passed') throw new Error(`${what}: the history is right and the verdict is ${verdict}`)
  return { what, ms }
}

/** A call that takes effect at its number's moment, so that histories can be made in one pass. */
function spanAround(random: Prng, number: number): Span {
  const moment = (number + PROCESSES) * STEP
  const isUnknown = random.below(UNKNOWN_ONE_IN) === 0
  const start = moment - random.below(HALF_LENGTH_MAX)
  return isUnknown ? span(PROCESSES + number, start) : span(number % PROCESSES, start, moment + random.below(HALF_LENGTH_MAX))
}

function registers(random: Prng, spans: readonly Span[], keys: number) {
  const values = new Map<string, Scalar>()
  return spans.map((when, number) => {
    const key = `k${random.below(keys)}`
    if (random.below(2) === 0 && when.end !== UNKNOWN_END) return read(key, values.get(key) ?? null, when)
    values.set(key, number)
    return write(key, number, when)
  })
}

function swaps(random: Prng, spans: readonly Span[], keys: number) {
  const values = new Map<string, Scalar>()
  return spans.map((when) => {
    const key = `k${random.below(keys)}`
    const current = values.get(key) ?? null
    if (random.below(3) === 0 && when.end !== UNKNOWN_END) return read(key, current, when)
    const [expected, value] = [random.below(2) === 0 ? current : random.below(5), random.below(5)]
    const isSwapped = expected === current
    if (isSwapped) values.set(key, value)
    return compareAndSet(key, expected, value, when.end === UNKNOWN_END ? null : isSwapped, when)
  })
}

function counts(random: Prng, spans: readonly Span[], keys: number) {
  const sums = new Map<string, number>()
  return spans.map((when) => {
    const key = `k${random.below(keys)}`
    const sum = sums.get(key) ?? 0
    if (random.below(2) === 0 && when.end !== UNKNOWN_END) return read(key, sum, when)
    sums.set(key, sum + 1)
    return increment(key, 1, when.end === UNKNOWN_END ? null : sum + 1, when)
  })
}

function lists(random: Prng, spans: readonly Span[]) {
  let [key, list]: [string, Scalar[]] = ['l0', []]
  return spans.map((when, number) => {
    if (random.below(2) === 0 && when.end !== UNKNOWN_END) return readList(key, [...list], when)
    if (list.length === LIST_LENGTH_MAX) [key, list] = [`l${number}`, []]
    list.push(number)
    return append(key, number, when)
  })
}

function set(random: Prng, spans: readonly Span[]): { adds: SetAdd[]; reads: SetRead[] } {
  const adds: SetAdd[] = []
  const reads: SetRead[] = []
  const elements: Scalar[] = []
  for (const [number, when] of spans.entries()) {
    const isRead = (number + 1) % (spans.length / 10) === 0
    if (isRead)
      reads.push({
        ...span(when.process, when.start, (number + PROCESSES) * STEP + random.below(HALF_LENGTH_MAX)),
        elements: [...elements],
      })
    else {
      elements.push(number)
      adds.push({ ...when, element: number, hasFailed: false })
    }
  }
  return { adds, reads }
}

function bounds(random: Prng, spans: readonly Span[]) {
  let sum = 0
  const reads = []
  const increments = []
  for (const when of spans) {
    if (random.below(2) === 0) {
      reads.push({ ...when, value: sum })
      continue
    }
    const by = random.below(9) - 4
    sum += by
    increments.push({ ...when, by })
  }
  return { reads, increments }
}

const BANK = { accounts: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], sum: 800, mayOverdraw: true }

function bank(random: Prng, count: number) {
  const balances = BANK.accounts.map(() => 100)
  return Array.from({ length: count }, () => {
    const [from, to] = [random.below(balances.length), random.below(balances.length)]
    balances[from] = (balances[from] ?? 0) - 1
    balances[to] = (balances[to] ?? 0) + 1
    return { balances: BANK.accounts.map((account, index) => [account, balances[index] ?? 0] as const) }
  })
}

function snapshots(random: Prng, count: number) {
  return Array.from({ length: count }, (_, number) => {
    const group = Math.floor(number / 10)
    const written = random.below(5)
    return { values: [0, 1, 2, 3].map((key) => [`${group}:${key}`, key < written ? 1 : null] as const) }
  })
}

function transactions(random: Prng, spans: readonly Span[]): ListTransaction[] {
  const open = Array.from({ length: 10 }, (_, number) => ({ key: `l${number}`, elements: [] as Scalar[] }))
  let element = 0
  return spans.map((when): ListTransaction => {
    const outcome = when.end === UNKNOWN_END ? 'unknown' : 'ok'
    const actions = [0, 1].map((): ListTransaction['actions'][number] => {
      const list = present(open[random.below(open.length)], 'there are lists')
      if (random.below(2) === 0) return { kind: 'read-list', key: list.key, values: outcome === 'ok' ? [...list.elements] : null }
      element += 1
      if (list.elements.length === LIST_LENGTH_MAX) {
        list.key = `l${element}:new`
        list.elements = []
      }
      list.elements.push(element)
      return { kind: 'append', key: list.key, value: element }
    })
    return { ...when, outcome, actions }
  })
}

function sessions(random: Prng, count: number): { writes: WrittenVersion[]; answers: SessionAnswer[] } {
  const writers = Array.from({ length: WRITERS }, (_, number) => makeWriterId(parseNodeName(`n${number + 1}`), number))
  const keys = Array.from({ length: 1000 }, (_, number): Key => keyFromText(`k${number}`))
  const frontier = new VersionVector()
  const winners = new Map<Key, Version>()
  const writes: WrittenVersion[] = []
  const answers: SessionAnswer[] = []
  for (let number = 0; number < count; number++) {
    const key = present(keys[random.below(keys.length)], 'there are keys')
    const session = random.below(100)
    if (random.below(2) === 0) {
      answers.push({ session, kind: 'read', key, version: winners.get(key)?.dot ?? null, context: frontier.copy() })
      continue
    }
    const writer = present(writers[random.below(WRITERS)], 'there are writers')
    const version: Version = {
      dot: { writer, sequence: frontier.get(writer) + 1 },
      epoch: FIRST_EPOCH,
      timestamp: number as Timestamp,
      value: { type: 'text', data: 'v' },
      deadlineMs: null,
      dependencies: Dependencies.none(),
    }
    frontier.advance(writer, version.dot.sequence)
    winners.set(key, version)
    writes.push({ key, version })
    answers.push({ session, kind: 'wrote', version: version.dot, context: frontier.copy() })
  }
  return { writes, answers }
}
