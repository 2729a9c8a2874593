/** Data directories as an accident treats them: copied, put back, torn, with a bit flipped. */

import { cp, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { present } from '../../base/index.ts'

/** Where frames of a journal begin (the format is described in `storage/frame.ts`). */
const FRAME_MAGIC = 'JSKF'
const FRAME_HEADER_BYTES = 32
const PAYLOAD_LENGTH_OFFSET = 16

export interface FramePlace {
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

export async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, preserveTimestamps: true })
}

/** Replaces what is in the directory `into` by a copy of what is in `from`; the directory itself stays. */
export async function replaceContent(into: string, from: string): Promise<void> {
  for (const name of await readdir(into)) await rm(join(into, name), { recursive: true, force: true })
  for (const name of await readdir(from)) await copyTree(join(from, name), join(into, name))
}

/** The journal's segments in use, oldest first. */
export async function journalSegments(data: string): Promise<readonly string[]> {
  const directory = join(data, 'journal')
  return (await readdir(directory))
    .filter((name) => name.endsWith('.segment'))
    .sort()
    .map((name) => join(directory, name))
}

/** The frame that holds `text`, which is in the journal once. */
export async function frameWith(data: string, text: string): Promise<FramePlace> {
  for (const file of await journalSegments(data)) {
    const content = await readFile(file)
    const at = content.indexOf(text)
    if (at < 0) continue
    const offset = content.lastIndexOf(FRAME_MAGIC, at)
    const bytes = Math.ceil((FRAME_HEADER_BYTES + content.readUInt32LE(offset + PAYLOAD_LENGTH_OFFSET)) / 8) * 8
    return { file, offset, bytes }
  }
  throw new Error(`${text} is not in the journal of ${data}`)
}

/** The journal's last frame. */
export async function lastFrame(data: string): Promise<FramePlace> {
  const file = present((await journalSegments(data)).at(-1), 'a journal has a segment')
  const content = await readFile(file)
  const offset = content.lastIndexOf(FRAME_MAGIC)
  const bytes = Math.ceil((FRAME_HEADER_BYTES + content.readUInt32LE(offset + PAYLOAD_LENGTH_OFFSET)) / 8) * 8
  return { file, offset, bytes }
}

export async function flipBit(file: string, offset: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const byte = Buffer.alloc(1)
    await handle.read(byte, 0, 1, offset)
    byte.writeUInt8(byte.readUInt8(0) ^ 1)
    await handle.write(byte, 0, 1, offset)
  } finally {
    await handle.close()
  }
}

/** Overwrites a range with zeros: what a segment holds where a write never arrived. */
export async function zeroRange(file: string, offset: number, bytes: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.write(Buffer.alloc(bytes), 0, bytes, offset)
  } finally {
    await handle.close()
  }
}
