/**
 * Keys and query parameters out of a request's URL, byte for byte.
 *
 * A key is what stands between the route's prefix and the `?`, percent-decoded once and never
 * normalised: `a//b`, `a/../b` and `%2e%2e` are three keys like any others. The router's own
 * parameter was rejected: it is decoded before anybody looks for what follows the key, so that
 * the key `a/restore` could not be told from restoring `a`. A query is refused, not guessed, if it
 * names a parameter that the route doesn't know or names one twice.
 */

import { type Key, keyFromBinary, SkeinError, textFromBinary } from '../../base/index.ts'
import { type Parameter, TIMEOUT } from '../api/parameters.ts'

const PERCENT = 0x25
const NO_TEXTS: ReadonlyMap<string, string> = new Map()

/**
 * The key of a path such as `/v1/keys/a%2Fb?ttl=1s`.
 * @param prefix the route's path with its last slash
 * @param suffix what follows the key, such as `/restore`
 * @throws BAD_REQUEST, TOO_LARGE
 */
export function keyOfUrl(url: string, prefix: string, suffix = ''): Key {
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  if (!path.startsWith(prefix) || !path.endsWith(suffix) || path.length < prefix.length + suffix.length || path.includes('#')) {
    throw new SkeinError('BAD_REQUEST', `the path is not ${prefix}{key}${suffix} with a percent-encoded key: write # as %23`)
  }
  const binary = percentDecode(path.slice(prefix.length, path.length - suffix.length))
  if (binary === null) {
    throw new SkeinError('BAD_REQUEST', 'the percent-encoding of the key is broken: write % itself as %25, and every other byte as %XX')
  }
  if (textFromBinary(binary) === null)
    throw new SkeinError('BAD_REQUEST', 'the key is not valid UTF-8: percent-encode the bytes of its UTF-8')
  return keyFromBinary(binary)
}

/** The query parameters of a request, each parsed when it is asked for. */
export class Query {
  readonly #texts: ReadonlyMap<string, string>

  private constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts
  }

  static readonly empty = new Query(NO_TEXTS)

  /** The query of a URL, which may name the `accepted` parameters. @throws BAD_REQUEST */
  static of(url: string, accepted: readonly Parameter<unknown>[]): Query {
    const question = url.indexOf('?')
    if (question < 0 || question === url.length - 1) return Query.empty
    const texts = new Map<string, string>()
    for (const pair of url.slice(question + 1).split('&')) {
      if (pair.length === 0) continue
      const equals = pair.indexOf('=')
      const name = decodeText(equals < 0 ? pair : pair.slice(0, equals))
      const text = equals < 0 ? '' : decodeText(pair.slice(equals + 1))
      if (!accepted.some((parameter) => parameter.name === name)) throw unknownParameter(name, accepted)
      if (texts.has(name)) throw new SkeinError('BAD_REQUEST', `the query parameter ${name} is given twice: give it once`)
      texts.set(name, text)
    }
    return new Query(texts)
  }

  /** The value of a parameter, or undefined if it is not given. @throws what the parameter's `read` does */
  get<T>(parameter: Parameter<T>): T | undefined {
    const text = this.#texts.get(parameter.name)
    return text === undefined ? undefined : parameter.read(text)
  }
}

/** A request's target with its parameter `timeout` at so many milliseconds, and everything else as it is. */
export function withTimeout(target: string, timeoutMs: number): string {
  const question = target.indexOf('?')
  const path = question < 0 ? target : target.slice(0, question)
  const pairs = question < 0 ? [] : target.slice(question + 1).split('&')
  const others = pairs.filter((pair) => pair.length > 0 && decodeText(pair.split('=', 1)[0] ?? '') !== TIMEOUT.name)
  return `${path}?${[...others, `${TIMEOUT.name}=${timeoutMs}`].join('&')}`
}

/** The bytes that a percent-encoded text stands for, as a binary string; null if an encoding is broken. */
export function percentDecode(text: string): string | null {
  let from = text.indexOf('%')
  if (from < 0) return text
  let binary = text.slice(0, from)
  for (let i = from; i < text.length; i++) {
    if (text.charCodeAt(i) !== PERCENT) continue
    const high = hexDigit(text.charCodeAt(i + 1))
    const low = hexDigit(text.charCodeAt(i + 2))
    if (high < 0 || low < 0) return null
    binary += text.slice(from, i) + String.fromCharCode(high * 16 + low)
    from = i + 3
    i += 2
  }
  return binary + text.slice(from)
}

/** A name or value of a query: UTF-8, percent-encoded, `+` for a space. */
function decodeText(text: string): string {
  const binary = percentDecode(text.replaceAll('+', ' '))
  const decoded = binary === null ? null : textFromBinary(binary)
  if (decoded === null) {
    throw new SkeinError(
      'BAD_REQUEST',
      `the query has ${JSON.stringify(text.slice(0, 80))}, which is not percent-encoded UTF-8: write % itself as %25`,
    )
  }
  return decoded
}

function unknownParameter(name: string, accepted: readonly Parameter<unknown>[]): SkeinError {
  const known = accepted.length === 0 ? 'none is known here' : `known here: ${accepted.map((parameter) => parameter.name).join(', ')}`
  return new SkeinError('BAD_REQUEST', `the query parameter ${JSON.stringify(name.slice(0, 80))} is not known; ${known}`)
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  if (code >= 0x41 && code <= 0x46) return code - 0x37
  if (code >= 0x61 && code <= 0x66) return code - 0x57
  return -1
}
