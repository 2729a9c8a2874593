import { describe, expect, it } from 'vitest'
import { binaryFromText } from '../../../base/index.ts'
import { LIMIT, PREFIX, REVERSE } from '../../../server/api/parameters.ts'
import { keyOfUrl, percentDecode, Query, withTimeout } from '../../../server/http/request-url.ts'

const code = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return 'accepted'
}

describe('keys out of URLs', () => {
  it.each([
    ['/v1/keys/a', 'a'],
    ['/v1/keys/a?ttl=1s', 'a'],
    ['/v1/keys/a/b//c/', 'a/b//c/'],
    ['/v1/keys/a%2Fb', 'a/b'],
    ['/v1/keys/..', '..'],
    ['/v1/keys/a/../b', 'a/../b'],
    ['/v1/keys/%2e%2E', '..'],
    ['/v1/keys/a%20b+c', 'a b+c'],
    ['/v1/keys/%3F%23%25', '?#%'],
    ['/v1/keys/%00', '\0'],
    ['/v1/keys/__proto__', '__proto__'],
    ['/v1/keys/%25zz', '%zz'],
    ['/v1/keys/%F0%9F%A6%8A', '🦊'],
  ])('[HTTP] %s is the key %j', (url, key) => {
    expect(keyOfUrl(url, '/v1/keys/')).toBe(binaryFromText(key))
  })

  it.each([
    ['/v1/keys/', 'BAD_REQUEST', 'nothing'],
    ['/v1/keys/%', 'BAD_REQUEST', 'a lone percent'],
    ['/v1/keys/%4', 'BAD_REQUEST', 'half of a byte'],
    ['/v1/keys/%zz', 'BAD_REQUEST', 'no hexadecimal digits'],
    ['/v1/keys/%+1', 'BAD_REQUEST', 'a sign among the digits'],
    ['/v1/keys/%FF', 'BAD_REQUEST', 'no UTF-8'],
    ['/v1/keys/%C3', 'BAD_REQUEST', 'half of a character'],
    ['/v1/keys/%ED%A0%80', 'BAD_REQUEST', 'a surrogate'],
    ['/v1/keys/%C0%80', 'BAD_REQUEST', 'an overlong NUL'],
    ['/v1/keys/a#b', 'BAD_REQUEST', 'a fragment'],
    ['/v1/k%65ys/a', 'BAD_REQUEST', 'an encoded route'],
    [`/v1/keys/${'a'.repeat(1025)}`, 'TOO_LARGE', '1025 bytes'],
    [`/v1/keys/${'%C3%A9'.repeat(513)}`, 'TOO_LARGE', '1026 bytes'],
  ])('[HTTP] %s is refused with %s: %s', (url, expected) => {
    expect(code(() => keyOfUrl(url, '/v1/keys/'))).toBe(expected)
  })

  it('[HTTP] a key of 1024 bytes is taken', () => {
    expect(keyOfUrl(`/v1/keys/${'%C3%A9'.repeat(512)}`, '/v1/keys/')).toHaveLength(1024)
  })

  it('[HTTP] a key may end with the suffix that follows it', () => {
    expect(keyOfUrl('/v1/conflicts/a/restore/restore', '/v1/conflicts/', '/restore')).toBe('a/restore')
  })

  it('[HTTP] a path without the suffix is refused', () => {
    expect(code(() => keyOfUrl('/v1/conflicts/a', '/v1/conflicts/', '/restore'))).toBe('BAD_REQUEST')
    expect(code(() => keyOfUrl('/v1/conflicts/restore', '/v1/conflicts/', '/restore'))).toBe('BAD_REQUEST')
  })

  it('[HTTP] percent-encoding is undone once', () => {
    expect(percentDecode('%2541%41')).toBe('%41A')
  })
})

describe('queries', () => {
  const accepted = [PREFIX, LIMIT, REVERSE]

  it('[HTTP] values are percent-decoded, with + for a space', () => {
    const query = Query.of('/v1/keys?prefix=a+b%2B%C3%A9&limit=7', accepted)
    expect(query.get(PREFIX)).toBe(binaryFromText('a b+é'))
    expect(query.get(LIMIT)).toBe(7)
    expect(query.get(REVERSE)).toBeUndefined()
  })

  it('[HTTP] a value may have = and ? in it', () => {
    expect(Query.of('/v1/keys?prefix=a=b?c', accepted).get(PREFIX)).toBe('a=b?c')
  })

  it('[HTTP] no query and an empty one are the same', () => {
    expect(Query.of('/v1/keys', accepted).get(LIMIT)).toBeUndefined()
    expect(Query.of('/v1/keys?', accepted).get(LIMIT)).toBeUndefined()
  })

  it.each([
    ['an unknown parameter', '?foo=1', 'foo'],
    ['__proto__', '?__proto__=1', '__proto__'],
    ['a parameter given twice', '?limit=1&limit=2', 'limit'],
    ['broken percent-encoding', '?prefix=%zz', '%zz'],
    ['broken UTF-8', '?prefix=%FF', '%FF'],
  ])('[HTTP] %s is refused by name', (_name, query, culprit) => {
    expect(() => Query.of(`/v1/keys${query}`, accepted)).toThrow(culprit)
  })
})

describe('a target with another time-out', () => {
  it.each([
    ['/v1/keys/a', '/v1/keys/a?timeout=70'],
    ['/v1/keys/a?', '/v1/keys/a?timeout=70'],
    ['/v1/keys/a?timeout=5s', '/v1/keys/a?timeout=70'],
    ['/v1/keys/a/..//b%2Fc?w=2&%74imeout=5s&ttl=1s', '/v1/keys/a/..//b%2Fc?w=2&ttl=1s&timeout=70'],
    ['/v1/keys?prefix=timeout=1&read=linearizable', '/v1/keys?prefix=timeout=1&read=linearizable&timeout=70'],
  ])('[LM9] %s is sent on as %s', (target, sent) => {
    expect(withTimeout(target, 70)).toBe(sent)
  })
})
