/**
 * What a client sends on one connection is executed in that order, however its requests fall into
 * commits: any mix of them at one node is answered as one after the other would be.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binaryFromText, type Key, keyFromText } from '../../base/index.ts'
import type { Item, KeyEditor, KeyView, Operation, Reply, Request } from '../../core/index.ts'
import type { Value } from '../../crdt/index.ts'
import { ReplicaCluster } from '../support/replica-cluster.ts'

const NAMES = ['a', 'b', 'c', 'd'] as const
/** Two have room in one entry, three have not. */
const LONG = '_'.repeat(30_000)
const READ_TERMS = { consistency: 'local', session: null, timeoutMs: 1000 } as const
const WRITE_TERMS = { conditions: [], concern: 1, idempotencyKey: null, session: null, timeoutMs: 1000 } as const

type Name = (typeof NAMES)[number]

interface Put {
  readonly name: Name
  /** Or else it deletes. */
  readonly isSet: boolean
  readonly isLong: boolean
}

type Asked =
  | { readonly kind: 'write'; readonly puts: readonly Put[] }
  /** A procedure. It looks as if it wrote nothing, so it may turn out to have no room in its entry. */
  | { readonly kind: 'append'; readonly name: Name; readonly isLong: boolean }
  | { readonly kind: 'get'; readonly name: Name }
  | { readonly kind: 'scan' }
  | { readonly kind: 'inspect'; readonly names: readonly Name[] }

/** What happens next: a request comes, those at hand are in, or the write in flight is durable. */
type Step = Asked | { readonly kind: 'gathered' } | { readonly kind: 'persisted' }

/** Of a write the sequence number, or null if there was nothing to write. */
type Answer =
  | { readonly sequence: number | null; readonly deleted: number }
  | { readonly before: string | null; readonly sequence: number | null }
  | readonly (readonly [name: string, text: string | null])[]

const name = fc.constantFrom(...NAMES)
const isLong = fc.integer({ min: 0, max: 3 }).map((draw) => draw === 3)
const put: fc.Arbitrary<Put> = fc.record({ name, isSet: fc.boolean(), isLong })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), puts: fc.array(put, { minLength: 1, maxLength: 4 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append' as const), name, isLong }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), name }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('scan' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('inspect' as const), names: fc.array(name, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('gathered' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('persisted' as const) }) },
)

describe('requests that are sent one behind the other', () => {
  it('[WR2] are answered as if each had been carried out before the next, whenever writes become durable', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const cluster = new ReplicaCluster(['n1'])
        cluster.isHoldingGathers = true
        cluster.isHoldingPersists = true
        const node = cluster.node('n1')
        const model = new Model()
        const expected: Answer[] = []
        const answers: (() => Answer | null)[] = []
        for (const next of steps) {
          if (next.kind === 'gathered') cluster.gather(node)
          else if (next.kind === 'persisted') cluster.persist(node)
          else {
            // Every value is another one, so that an answer tells what it saw.
            const text = `${answers.length},`
            expected.push(model.answer(next, text))
            answers.push(ask(cluster, next, text))
          }
        }
        cluster.isHoldingGathers = false
        cluster.isHoldingPersists = false
        cluster.runLocal()
        expect(answers.map((answer) => answer())).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })
})

/** Carries out one request after the other. */
class Model {
  readonly #texts = new Map<Name, string>()
  #sequence = 0

  answer(asked: Asked, text: string): Answer {
    switch (asked.kind) {
      case 'write': {
        let deleted = 0
        let isChanged = false
        for (const { name, isSet, isLong } of asked.puts) {
          if (isSet) this.#texts.set(name, lengthen(text, isLong))
          else if (this.#texts.delete(name)) deleted += 1
          else continue
          isChanged = true
        }
        return { sequence: isChanged ? ++this.#sequence : null, deleted }
      }
      case 'append': {
        const before = this.#texts.get(asked.name) ?? null
        this.#texts.set(asked.name, (before ?? '') + lengthen(text, asked.isLong))
        return { before: brief(before), sequence: ++this.#sequence }
      }
      case 'get':
        return this.#look([asked.name])
      case 'scan':
        return this.#look(NAMES.filter((name) => this.#texts.has(name)))
      case 'inspect':
        return this.#look(asked.names)
    }
  }

  #look(names: readonly Name[]): Answer {
    return names.map((name) => [name, brief(this.#texts.get(name) ?? null)])
  }
}

/** Asks the node. Returns what tells the answer once it has come. */
function ask(cluster: ReplicaCluster, asked: Asked, text: string): () => Answer | null {
  const send = (request: Request): (() => Reply | null) => {
    const id = cluster.ask('n1', request)
    return () => cluster.reply('n1', id)
  }
  switch (asked.kind) {
    case 'write': {
      const operations = asked.puts.map((put) => operationOf(put, text))
      const reply = send({ kind: 'transaction', operations, ...WRITE_TERMS })
      return () => {
        const committed = reply()
        return committed?.kind === 'committed' ? { sequence: committed.version?.sequence ?? null, deleted: committed.deleted } : null
      }
    }
    case 'append': {
      const key = keyFromText(asked.name)
      let before: string | null = null
      const run = (editor: KeyEditor): void => {
        before = textOf(editor.read(key))
        editor.set(key, textValue((before ?? '') + lengthen(text, asked.isLong)), null)
      }
      const reply = send({ kind: 'procedure', procedure: { keys: [key], bytes: 0, run }, ...WRITE_TERMS })
      return () => {
        const committed = reply()
        return committed?.kind === 'committed' ? { before: brief(before), sequence: committed.version?.sequence ?? null } : null
      }
    }
    case 'get': {
      const reply = send({ kind: 'get', key: keyFromText(asked.name), ...READ_TERMS })
      return () => {
        const value = reply()
        return value?.kind === 'value' ? [[asked.name, brief(textOf(value.item))]] : null
      }
    }
    case 'scan': {
      const reply = send({ kind: 'scan', range: { start: null, end: null, reverse: false }, limit: NAMES.length, ...READ_TERMS })
      return () => {
        const page = reply()
        return page?.kind === 'page' ? page.items.map((item) => [item.key, brief(textOf(item))] as const) : null
      }
    }
    case 'inspect': {
      const keys = asked.names.map(keyFromText)
      let seen: Answer = []
      const run = (view: KeyView): void => {
        seen = keys.map((key) => [key, brief(textOf(view.read(key)))] as const)
      }
      const reply = send({ kind: 'inspect', inspection: { keys, run }, ...READ_TERMS })
      return () => (reply()?.kind === 'inspected' ? seen : null)
    }
  }
}

function operationOf({ name, isSet, isLong }: Put, text: string): Operation {
  const key: Key = keyFromText(name)
  return isSet ? { kind: 'set', key, value: textValue(lengthen(text, isLong)), ttlMs: null } : { kind: 'delete', key }
}

function textValue(text: string): Value {
  return { type: 'text', data: binaryFromText(text) }
}

function textOf(item: Item | null): string | null {
  return item?.value.data ?? null
}

function lengthen(text: string, isLong: boolean): string {
  return isLong ? text + LONG : text
}

/** As a failed test should show it. */
function brief(text: string | null): string | null {
  return text?.replaceAll(LONG, '…') ?? null
}
