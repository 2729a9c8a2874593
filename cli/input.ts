/** Input of a command: a file, or `-` for what is piped in; bounded, as everything is. */

import { createReadStream } from 'node:fs'
import { fromUtf8, SkeinError } from '../base/index.ts'

export interface InputSource {
  /** A path, or `-`. */
  readonly path: string
  readonly stdin: AsyncIterable<Uint8Array>
  readonly bytesMax: number
}

/** @throws BAD_REQUEST if it can't be read, TOO_LARGE past `bytesMax` */
export async function readInput({ path, stdin, bytesMax }: InputSource): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of path === '-' ? stdin : readFileChunks(path)) {
      chunks.push(chunk)
      length += chunk.length
      if (length > bytesMax) break
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `${nameOf(path)} can't be read: ${reason}`, { cause: error })
  }
  if (length > bytesMax) throw new SkeinError('TOO_LARGE', `${nameOf(path)} has more than ${bytesMax} bytes: split it`)
  return Buffer.concat(chunks)
}

/** @throws BAD_REQUEST, TOO_LARGE */
export async function readTextInput(source: InputSource): Promise<string> {
  const text = fromUtf8(await readInput(source))
  if (text === null) throw new SkeinError('BAD_REQUEST', `${nameOf(source.path)} is not UTF-8 text`)
  return text
}

function readFileChunks(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path)
}

function nameOf(path: string): string {
  return path === '-' ? 'the standard input' : path
}
