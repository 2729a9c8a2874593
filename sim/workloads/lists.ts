/**
 * Lists that are appended to by procedures: each node has one, and appends go through this node
 * alone, one behind the other, each of them reading what is there and writing one number more. So
 * the states of a list form one line, on every node: whatever is read anywhere begins as every
 * longer one does, and at its own node it has everything that was acknowledged before. An append
 * that is asked for again, since its answer did not come, is in the list once.
 *
 * When a node's disk has lost something, so may its list have: it is left and the node begins a
 * new one (`bank.ts` says why). A list that has grown long is left, too.
 */

import { type Key, keyFromText, type Prng } from '../../base/index.ts'
import type { Inspection, KeyEditor, KeyView, Procedure } from '../../core/index.ts'
import { between, oneIn } from '../draw.ts'
import type { Finding, Invariant } from '../invariant.ts'
import type { CallId } from '../trace.ts'
import type { Call, Outcome, RunningWorkload, WorkloadContext } from '../workload.ts'
import { REQUEST_TIMEOUT_MS, textValue } from './requests.ts'

const SEPARATOR = ','
/** Past this a list is left: its node rewrites all of it at each append. */
const LIST_LENGTH_MAX = 40_000
/** One element of so many is so long that few have room in one entry: they write more than they look. */
const LONG_ONE_IN = 30
const LONG_LENGTH_MAX = 30_000

export class ListsWorkload implements RunningWorkload {
  readonly invariants: readonly Invariant[]
  readonly #random: Prng
  readonly #nodes: number
  /** How often each node had to begin a new list. */
  readonly #generations: number[]
  #appends = 0

  constructor({ random, nodes, mode }: WorkloadContext) {
    this.#random = random
    this.#nodes = nodes
    this.#generations = new Array<number>(nodes).fill(0)
    // What a node wrote while others were led is concurrent to what the leader did there.
    this.invariants = mode === 'mixed' ? [] : [listsWhole(this.#generations, mode !== 'leader')]
  }

  /** Two of three append at the list's own node; the others look at any list from anywhere. */
  next(client: number): Call {
    const list = this.#random.below(this.#nodes)
    const key = keyOf(list, this.#generations[list] ?? 0)
    if (client % 3 === 2) {
      const inspection = new ListInspection(key)
      const request = { kind: 'inspect', inspection, consistency: 'local', session: null, timeoutMs: REQUEST_TIMEOUT_MS } as const
      return { request, node: oneIn(this.#random, 2) ? list : 'any', onUnknown: 'go-on' }
    }
    this.#appends += 1
    const length = oneIn(this.#random, LONG_ONE_IN) ? between(this.#random, 1, LONG_LENGTH_MAX) : 0
    const procedure = new ListAppend(key, list, String(this.#appends).padEnd(length, '_'))
    const terms = { conditions: [], concern: 1, session: null, timeoutMs: REQUEST_TIMEOUT_MS } as const
    return {
      request: { kind: 'procedure', procedure, idempotencyKey: `list-${this.#appends}`, ...terms },
      node: list,
      onUnknown: 'retry-same',
    }
  }

  ended(_client: number, { request }: Call, outcome: Outcome): void {
    if (request.kind !== 'procedure' || !(request.procedure instanceof ListAppend) || outcome.kind !== 'answered') return
    const { list, key, before } = request.procedure
    if (before.length > LIST_LENGTH_MAX && key === keyOf(list, this.#generations[list] ?? 0)) this.#leave(list)
  }

  #leave(list: number): void {
    this.#generations[list] = (this.#generations[list] ?? 0) + 1
  }
}

class ListAppend implements Procedure {
  readonly keys: readonly Key[]
  readonly bytes: number
  readonly key: Key
  readonly list: number
  readonly element: string
  /** The list as the last run found it. */
  before = ''

  constructor(key: Key, list: number, element: string) {
    this.key = key
    this.list = list
    this.element = element
    this.keys = [key]
    this.bytes = element.length
  }

  run(editor: KeyEditor): void {
    this.before = editor.read(this.key)?.value.data ?? ''
    editor.set(this.key, textValue(this.before + this.element + SEPARATOR), null)
  }
}

class ListInspection implements Inspection {
  readonly keys: readonly Key[]
  readonly key: Key
  found = ''

  constructor(key: Key) {
    this.key = key
    this.keys = [key]
  }

  run(view: KeyView): void {
    this.found = view.read(this.key)?.value.data ?? ''
  }
}

interface KnownList {
  /** The longest state that anybody has read. */
  longest: string
  longestAt: number
  /** What is in it. */
  readonly elements: Set<string>
  /** The longest that an acknowledged append has left. */
  acknowledged: number
  acknowledgedAt: number
}

interface OpenCall {
  readonly key: Key
  readonly asked: ListAppend | ListInspection
  /** What its node must have by then, and where that was acknowledged. */
  readonly least: number
  readonly leastAt: number
}

/**
 * ListsWhole: all states of a list are on one line, with nothing twice, and its own node forgets nothing that it acknowledged;
 * unless a leader did (`isOwn` is false), which its own node may hear of later.
 */
function listsWhole(generations: number[], isOwn: boolean): Invariant {
  const lists = new Map<Key, KnownList>()
  const calls = new Map<CallId, OpenCall>()
  /** Weak: each holds the list that it saw, and there is one for each call of a run. */
  const tried = new WeakSet<ListAppend | ListInspection>()
  return {
    name: 'ListsWhole',
    kinds: ['invoked', 'answered', 'unknown', 'disk-replaced'],
    observe({ number, happening }) {
      switch (happening.kind) {
        case 'disk-replaced':
          generations[happening.node] = (generations[happening.node] ?? 0) + 1
          return null
        case 'invoked': {
          const { request } = happening
          const asked = request.kind === 'procedure' ? request.procedure : request.kind === 'inspect' ? request.inspection : null
          if (!(asked instanceof ListAppend || asked instanceof ListInspection)) return null
          // What a retry is answered may be of its first try, which saw what there was then.
          const known = tried.has(asked) ? undefined : lists.get(asked.key)
          tried.add(asked)
          calls.set(happening.call, {
            key: asked.key,
            asked,
            least: isOwn ? (known?.acknowledged ?? 0) : 0,
            leastAt: known?.acknowledgedAt ?? number,
          })
          return null
        }
        case 'unknown':
          calls.delete(happening.call)
          return null
        case 'answered': {
          const call = calls.get(happening.call)
          calls.delete(happening.call)
          if (call === undefined || !isOpen(call.key, generations)) return null
          return look(lists, call, happening.reply.kind, happening.node, number)
        }
        default:
          return null
      }
    },
    finish: () => null,
  }
}

function look(lists: Map<Key, KnownList>, call: OpenCall, reply: string, node: number, number: number): Finding | null {
  const { asked, key } = call
  if (reply !== (asked instanceof ListAppend ? 'committed' : 'inspected')) return null
  const known = lists.get(key) ?? { longest: '', longestAt: number, elements: new Set(), acknowledged: 0, acknowledgedAt: number }
  lists.set(key, known)
  const seen = asked instanceof ListAppend ? asked.before + asked.element + SEPARATOR : asked.found
  const [short, long] = seen.length < known.longest.length ? [seen, known.longest] : [known.longest, seen]
  if (!long.startsWith(short)) {
    return {
      message: `two states of the list ${key} do not follow on one another: ${ends(short)} and ${ends(long)}`,
      events: [known.longestAt, number],
    }
  }
  if (key.startsWith(prefixOf(node)) && seen.length < call.least) {
    return {
      message: `node ${node} has ${count(seen)} elements of its list ${key}, and had acknowledged ${count(known.longest.slice(0, call.least))}`,
      events: [call.leastAt, number],
    }
  }
  if (seen.length > known.longest.length) {
    for (const element of seen.slice(known.longest.length, -SEPARATOR.length).split(SEPARATOR)) {
      if (known.elements.has(element)) {
        return {
          message: `${element.slice(0, 8)} is twice in the list ${key}, appended once and asked for again`,
          events: [known.longestAt, number],
        }
      }
      known.elements.add(element)
    }
    known.longest = seen
    known.longestAt = number
  }
  if (asked instanceof ListAppend && seen.length > known.acknowledged) {
    known.acknowledged = seen.length
    known.acknowledgedAt = number
  }
  return null
}

function isOpen(key: Key, generations: readonly number[]): boolean {
  return generations.some((generation, list) => key === keyOf(list, generation))
}

function keyOf(list: number, generation: number): Key {
  return keyFromText(`${prefixOf(list)}${generation}`)
}

function prefixOf(list: number): string {
  return `list/${list}/`
}

/** The last elements of a list, shortened. */
function ends(list: string): string {
  const last = list.split(SEPARATOR).slice(-4, -1)
  return last.length === 0 ? 'nothing' : `… ${last.map((element) => element.slice(0, 8)).join(SEPARATOR)}`
}

function count(list: string): number {
  return list.split(SEPARATOR).length - 1
}
