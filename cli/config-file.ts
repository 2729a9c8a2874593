/**
 * The JSON file that `--config` names: one object whose keys are options (`httpPort`, or
 * `http-port` as on the command line). One file may serve all commands, so a key is known if any
 * command has it; an unknown one is refused, because a misspelt option that is quietly ignored is
 * found only in the incident it causes.
 */

import { readFile } from 'node:fs/promises'
import { fromUtf8, MIB, SkeinError } from '../base/index.ts'

const CONFIG_BYTES_MAX = 1 * MIB

/** The texts of each option in the file at `path`. @throws BAD_REQUEST */
export async function readConfigFile(path: string, knownNames: readonly string[]): Promise<Map<string, readonly string[]>> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `the config file can't be read (${reason}): check the path given with --config or SKEIN_CONFIG`)
  })
  if (bytes.length > CONFIG_BYTES_MAX)
    throw new SkeinError('BAD_REQUEST', `${path} has more than ${CONFIG_BYTES_MAX} bytes: this is no config file`)
  const text = fromUtf8(bytes)
  if (text === null) throw new SkeinError('BAD_REQUEST', `${path} is not UTF-8 text`)
  return parseConfig(text, path, knownNames)
}

/** @throws BAD_REQUEST */
export function parseConfig(text: string, path: string, knownNames: readonly string[]): Map<string, readonly string[]> {
  const entries = new Map<string, readonly string[]>()
  for (const [key, value] of Object.entries(parseObject(text, path))) {
    const name = camelCased(key)
    if (!knownNames.includes(name)) {
      const known = [...knownNames].sort().join(', ')
      throw new SkeinError('BAD_REQUEST', `${path} has the unknown key ${JSON.stringify(key.slice(0, 40))}; known are ${known}`)
    }
    if (entries.has(name)) throw new SkeinError('BAD_REQUEST', `${path} has ${JSON.stringify(name)} twice: keep one`)
    entries.set(name, textsOf(value, `${JSON.stringify(key)} of ${path}`))
  }
  return entries
}

function parseObject(text: string, path: string): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SkeinError('BAD_REQUEST', `${path} is not JSON: ${reason}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new SkeinError('BAD_REQUEST', `${path} is no JSON object: write {"httpPort": 8401}`)
}

/** `http-port` → `httpPort` */
function camelCased(key: string): string {
  return key.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function textsOf(value: unknown, name: string): string[] {
  if (Array.isArray(value)) return value.map((item) => textOf(item, name))
  return [textOf(value, name)]
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new SkeinError('BAD_REQUEST', `${name} is no text, number or boolean, nor a list of them`)
}
