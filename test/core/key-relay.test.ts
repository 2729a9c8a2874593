import { describe, expect, it } from 'vitest'
import { type DirectoryId, type LogKey, makeWriterId, type Now, Prng, parseNodeName } from '../../base/index.ts'
import { DEFAULT_GROUP, decodeMessage, type Effect, MemoryStateStore, Replica } from '../../core/index.ts'
import { encodeMessage } from '../../core/message.ts'

const [N1, N2, N3] = [parseNodeName('n1'), parseNodeName('n2'), parseNodeName('n3')]
const DIRECTORY = '00'.repeat(16) as DirectoryId
const KEY = 'ab'.repeat(32) as LogKey
const NOW: Now = { wallMs: 1_800_000_000_000, monotonicMs: 1000 }

describe('the key of a log', () => {
  // Found by the simulator (seed 128107530717695): a node between two others kept it to itself.
  it('[LG3] is told on by a node that had the end of the log in its journal alone, and learned it just now', () => {
    const writer = makeWriterId(N2, 7)
    const replica = new Replica(
      {
        group: DEFAULT_GROUP,
        node: N2,
        directory: DIRECTORY,
        members: [N1, N2, N3],
        maxClockDriftMs: 60_000,
        joins: false,
        mode: 'multi',
        url: null,
        dropRateMillionths: 0,
        requestsMax: 10,
      },
      new MemoryStateStore(),
      new Prng(1),
    )
    // What was released from the journal before the log store lost it is missing: a block past a gap is left.
    const log = { writer, key: null, length: 0, tail: [], open: [new Uint8Array([1])], openIndex: 1 }
    replica.step({ kind: 'start', logs: [log], facts: null }, NOW)
    for (const peer of [N1, N3]) replica.step({ kind: 'connected', peer, directory: DIRECTORY }, NOW)
    const message = encodeMessage({ kind: 'announce', logs: [{ writer, key: KEY }] })
    expect(announced(replica.step({ kind: 'message', from: N3, message }, NOW))).toEqual([{ to: N1, logs: [{ writer, key: KEY }] }])
    expect(announced(replica.step({ kind: 'message', from: N3, message }, NOW))).toEqual([])
  })
})

function announced(effects: readonly Effect[]) {
  return effects.flatMap((effect) => {
    const message = effect.kind === 'send' ? decodeMessage(effect.message) : null
    return effect.kind === 'send' && message?.kind === 'announce' ? [{ to: effect.to, logs: message.logs }] : []
  })
}
