import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ByteWriter,
  type DirectoryId,
  type Epoch,
  keyFromBinary,
  MalformedError,
  makeWriterId,
  type NodeName,
  present,
  type Timestamp,
  type WriterId,
} from '../../base/index.ts'
import {
  type BlockHash,
  DEFAULT_GROUP,
  decodeEntries,
  decodeHeader,
  type Entry,
  type EntryContext,
  encodeCarried,
  encodeEntry,
  encodeHeader,
  type Header,
} from '../../core/index.ts'
import { Dependencies, type Value, VersionVector } from '../../crdt/index.ts'

const WRITER = makeWriterId('n1' as NodeName, 1)
const EPOCH = 1 as Epoch
const CONTEXT: EntryContext = { writer: WRITER, epoch: EPOCH, sequence: 0, timestamp: 0, dependencies: Dependencies.none() }

const values: fc.Arbitrary<Value | null> = fc.option(
  fc.record({
    type: fc.constantFrom('json' as const, 'text' as const, 'bytes' as const),
    data: fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes)),
  }),
)
const keys = fc
  .string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20 })
  .map((text) => keyFromBinary(text))
const changes = fc.uniqueArray(fc.record({ key: keys, value: values, deadlineMs: fc.option(fc.nat()) }), {
  selector: ({ key }) => key,
  minLength: 1,
  maxLength: 4,
})

/** An entry, with the dependencies of the one before it. */
const entries: fc.Arbitrary<{ entry: Entry; previous: Dependencies }> = fc
  .tuple(
    fc.array(fc.tuple(changes, fc.integer({ min: 1, max: 1e9 }), fc.option(fc.uuid())), { minLength: 1, maxLength: 4 }),
    fc.boolean(),
    fc.nat(99),
  )
  .map(([list, reportWanted, known]) => {
    const previous = Dependencies.none()
    const dependencies = previous.advance(new VersionVector(known === 0 ? [] : [['n2.00000002' as WriterId, known]]), WRITER)
    let timestamp = 0
    const transactions = list.map(([operations, step, idempotencyKey], index) => {
      timestamp += step
      const dot = { writer: WRITER, sequence: index + 1 }
      return {
        sequence: index + 1,
        idempotencyKey,
        changes: operations.map(({ key, value, deadlineMs }) => ({
          key,
          version: {
            dot,
            epoch: EPOCH,
            timestamp: timestamp as Timestamp,
            value,
            deadlineMs: value === null ? null : deadlineMs,
            dependencies,
          },
        })),
      }
    })
    return { entry: { writer: WRITER, epoch: EPOCH, dependencies, transactions, reportWanted }, previous }
  })

describe('blocks of a log', () => {
  it('[LG1] an entry is read back as it was written', () => {
    fc.assert(
      fc.property(entries, ({ entry, previous }) => {
        const bytes = encodeEntry(new ByteWriter(), entry, previous)
        const read = decodeEntries(bytes, { ...CONTEXT, dependencies: Dependencies.none() })
        expect(read.map(plain)).toEqual([plain(entry)])
      }),
    )
  })

  it("[JR8] entries are carried with their own dots, stamps and dependencies, beside the carrier's own", () => {
    const carrier = makeWriterId('n1' as NodeName, 2)
    const context = { ...CONTEXT, writer: carrier, dependencies: Dependencies.none() }
    fc.assert(
      fc.property(fc.array(entries, { minLength: 1, maxLength: 4 }), (list) => {
        const carried = chain(list.map(({ entry }) => entry))
        expect(decodeEntries(encodeCarried(carried), context).map(plain)).toEqual(carried.map(plain))
      }),
    )
  })

  it.each([
    ['of another node', makeWriterId('n2' as NodeName, 1)],
    ['of the carrier itself', makeWriterId('n1' as NodeName, 1)],
  ])('[JR8] carried entries %s are malformed', (_, writer) => {
    const [sample] = fc.sample(entries, { numRuns: 1, seed: 1 })
    const { entry } = present(sample, 'a sample was drawn')
    const bytes = encodeCarried([{ ...entry, writer }])
    expect(() => decodeEntries(bytes, { ...CONTEXT, dependencies: Dependencies.none() })).toThrow(MalformedError)
  })

  it('[LG4] an entry cut off at any byte is malformed, never a crash', () => {
    fc.assert(
      fc.property(entries, ({ entry, previous }) => {
        const bytes = encodeEntry(new ByteWriter(), entry, previous)
        for (let length = 0; length < bytes.length; length++) {
          expect(() => decodeEntries(bytes.slice(0, length), { ...CONTEXT, dependencies: Dependencies.none() })).toThrow(MalformedError)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('[LG4] any bytes are an entry or malformed', () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), ({ entry, previous }, at, byte) => {
        const bytes = encodeEntry(new ByteWriter(), entry, previous)
        bytes[at % bytes.length] = byte
        try {
          const read = decodeEntries(bytes, { ...CONTEXT, dependencies: Dependencies.none() })
          expect(read.length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('[CA2] an entry that does not follow the one before is malformed', () => {
    const [sample] = fc.sample(entries, { numRuns: 1, seed: 1 })
    const { entry, previous } = present(sample, 'a sample was drawn')
    const bytes = encodeEntry(new ByteWriter(), entry, previous)
    const decode = (context: Partial<EntryContext>) => () =>
      decodeEntries(bytes, { ...CONTEXT, dependencies: Dependencies.none(), ...context })
    expect(decode({ sequence: 1 })).toThrow(MalformedError)
    expect(decode({ timestamp: Number.MAX_SAFE_INTEGER })).toThrow(MalformedError)
  })

  it.each([null, 'n1.0000000f' as WriterId])('[LG1] a header is read back as it was written (continues %s)', (continues) => {
    const header: Header = {
      group: DEFAULT_GROUP,
      writer: WRITER,
      directory: '0123456789abcdef'.repeat(2) as DirectoryId,
      epoch: 3 as Epoch,
      continues,
      chain: { follows: { writer: WRITER, epoch: 2 as Epoch, length: 7, hash: '0123456789abcdef' as BlockHash }, leadership: null },
    }
    const bytes = encodeHeader(header)
    expect(decodeHeader(bytes)).toEqual(header)
    for (let length = 0; length < bytes.length; length++) expect(() => decodeHeader(bytes.slice(0, length))).toThrow(MalformedError)
  })
})

/** Without the identity of the dependencies' objects. */
/** The entries as if one log held them one after the other, from its sequence 5 on. */
function chain(list: readonly Entry[]): Entry[] {
  let sequence = 4
  let timestamp = 0
  let dependencies = Dependencies.none()
  return list.map((entry, position) => {
    dependencies = dependencies.advance(new VersionVector([['n2.00000002' as WriterId, 10 + position]]), WRITER)
    const transactions = entry.transactions.map((transaction) => {
      sequence += 1
      timestamp += 7
      const stamp = { dot: { writer: WRITER, sequence }, timestamp: timestamp as Timestamp, dependencies }
      const changes = transaction.changes.map(({ key, version }) => ({ key, version: { ...version, ...stamp } }))
      return { ...transaction, sequence, changes }
    })
    return { ...entry, dependencies, transactions }
  })
}

function plain(entry: Entry): unknown {
  return {
    ...entry,
    dependencies: [...entry.dependencies.toVector().entries()],
    transactions: entry.transactions.map((transaction) => ({
      ...transaction,
      changes: transaction.changes.map(({ key, version }) => ({
        key,
        version: {
          ...version,
          dependencies: null,
          value: version.value,
        },
      })),
    })),
  }
}
