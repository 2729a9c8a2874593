/**
 * Real nodes whose doors are fuzzed without sockets, and the memory that is left when they are
 * gone. The inputs of a run come in rounds, each with a node of its own: what the inputs wrote is
 * no leak.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pino from 'pino'
import { expect } from 'vitest'
import { MIB, parseNodeName } from '../../base/index.ts'
import { NODE_DEFAULTS, Node } from '../../server/index.ts'
import { JsonLinesProtocol } from '../../server/json-lines/json-lines-protocol.ts'
import { commandTable } from '../../server/resp/command-table.ts'
import { RespProtocol } from '../../server/resp/resp-protocol.ts'
import { HeldBytes } from '../../server/tcp/held-bytes.ts'
import { Turns } from '../../server/tcp/turns.ts'
import { report } from '../system/report.ts'

/** Inputs of each protocol; the full run (`npm run test:fuzz`) has 500,000 of each. */
export const INPUTS = Number(process.env.SKEIN_FUZZ_INPUTS ?? 5000)
/** Another one, to look elsewhere. */
export const SEED = Number(process.env.SKEIN_FUZZ_SEED ?? 1)
export const MAX_VALUE_BYTES = 4096
const INPUTS_PER_ROUND = 50_000
/** The real table of commands. */
export const COMMANDS = commandTable({ maxValueBytes: MAX_VALUE_BYTES })
/** Connections at once. */
const CONNECTIONS = 256
/** Rounds after which everything that is made once is made. */
const WARM_UP_ROUNDS = 2
const GROWTH_BYTES_MAX = 24 * MIB

export interface FuzzedDoors {
  readonly resp: RespProtocol
  readonly lines: JsonLinesProtocol
}

/** @param talk has one conversation, and checks it; it returns how many inputs there were */
export async function fuzz(talk: (doors: FuzzedDoors, index: number) => Promise<number>): Promise<void> {
  const startMs = performance.now()
  const heaps: number[] = []
  let index = 0
  let inputs = 0
  while (inputs < INPUTS) {
    const last = Math.min(inputs + INPUTS_PER_ROUND, INPUTS)
    await withDoors(async (doors) => {
      const talker = async (): Promise<void> => {
        while (inputs < last) {
          index += 1
          const talked = await talk(doors, index)
          inputs += talked
        }
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, talker))
    })
    heaps.push(heapBytes())
  }
  report(
    `${inputs} inputs over ${index} connections in ${((performance.now() - startMs) / 1000).toFixed(1)} s; heap after each round, MiB: ${heaps.map(mebibytes).join(' ')}`,
  )
  const [first, ...others] = heaps.slice(WARM_UP_ROUNDS)
  if (first !== undefined) expect(Math.max(first, ...others) - first, 'bytes that the heap has grown').toBeLessThan(GROWTH_BYTES_MAX)
}

export async function withDoors(action: (doors: FuzzedDoors) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'skein-fuzz-'))
  const onFatal = (failure: unknown): never => {
    throw failure
  }
  const config = { ...NODE_DEFAULTS, node: parseNodeName('n1'), data: join(root, 'n1'), gossip: null, minFreeBytes: 0 }
  const node = await Node.open({ ...config, journalSegmentBytes: 16 * MIB }, { onFatal })
  await node.start()
  const held = new HeldBytes(64 * MIB)
  const door = { gateway: node, maxValueBytes: MAX_VALUE_BYTES, turns: new Turns(), held, logger: pino({ level: 'silent' }) }
  try {
    await action({ resp: new RespProtocol({ ...door, commands: COMMANDS }), lines: new JsonLinesProtocol(door) })
    expect(held.bytes, 'bytes held when every connection is closed').toBe(0)
    expect(node.isReady, 'the node serves').toBe(true)
  } finally {
    await node.close()
    await rm(root, { recursive: true, force: true })
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed
}

function mebibytes(bytes: number): string {
  return (bytes / MIB).toFixed(0)
}
