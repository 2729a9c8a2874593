/**
 * Random commands for two servers that should answer the same. Keys and values are few, so that
 * commands meet; now and then a word is spoilt, so that errors meet, too. What depends on the
 * moment at which a server runs it is kept so far from every border that a second makes no
 * difference.
 */

import { type Prng, present } from '../../base/index.ts'

/** How the two answers have to agree. */
export type Likeness =
  /** Byte for byte. */
  | 'exact'
  /** Numbers that depend on the clock. */
  | 'about'
  /** The same items in any order. */
  | 'unordered'

export interface RandomCommand {
  readonly words: readonly string[]
  readonly likeness: Likeness
}

const KEYS = ['a', 'b', 'c', 'user:1', 'user:2', 'user:10', '\xff\x00\xfe', 'k ey\r\n', '{x}']
const VALUES = ['', '0', '12', '-7', 'hello', 'hello world', 'ohmytext', 'mynewtext', '\x00\xff\r\n', 'x'.repeat(50)]
/** Far enough to outlast the test, and no two so close that a second would change their order. */
const TTLS_S = ['100000', '200000', '400000']
const TTLS_MS = ['100000000', '200000000', '400000000']
/** The years 1970, 2001, 2100 and 2286: two that are past and two that are not. */
const MOMENTS_S = ['1', '1000000000', '4102444800', '9999999999']
const MOMENTS_MS = MOMENTS_S.map((moment) => `${moment}000`)
const POSITIONS = ['0', '1', '3', '-1', '-2', '-100', '5', '100', '9223372036854775807', '-9223372036854775808']
const OFFSETS = ['0', '1', '5', '30', '-1', '9223372036854775807', '1048570', '1048576']
const PATTERNS = ['*', 'user:*', '?', 'user:?', '[ab]', '[^a]', '[a-c]', '*1*', 'nothing', '\\{x\\}', 'u*r:*', '[b-', '**', 'a\\', '[\\a]']
/** Takes the place of a word, or stands behind the last. None is a time that ends during the test. */
const SPOILT = ['', 'NX', 'XX', 'GET', 'EX', 'PX', 'EXAT', 'PXAT', 'KEEPTTL', 'PERSIST', 'GT', 'LT', 'LEN', 'IDX', 'REPLACE', 'DB', 'abc']
const SPOILT_NUMBERS = ['0', '-1', '00', '+5', ' 5', '1.5', '9223372036854775808', '-9223372036854775808', '-9223372036854775809']
const NAMES = ['nosuch', 'NoSuchCommand', 'get\r\n', 'expir', 'client', 'object', 'config', '']

const ABOUT = ['ttl', 'pttl', 'expiretime', 'pexpiretime']

export class RandomCommands {
  readonly #random: Prng
  #isQueuing = false
  /** Comes next, as it is. */
  #following: readonly string[] | null = null

  constructor(random: Prng) {
    this.#random = random
  }

  next(): RandomCommand {
    const words = this.#following ?? this.#spoilt(this.#plain())
    if (words === this.#following) this.#following = null
    const name = (words[0] ?? '').toLowerCase()
    if (name === 'multi') this.#isQueuing = true
    if (['exec', 'discard', 'reset'].includes(name) && words.length === 1) this.#isQueuing = false
    const isAbout = ABOUT.includes(name) || name === 'exec'
    return { words, likeness: name === 'keys' || name === 'scan' ? 'unordered' : isAbout ? 'about' : 'exact' }
  }

  #plain(): readonly string[] {
    if (this.#isQueuing && this.#one(5)) return this.#one(4) ? ['DISCARD'] : ['EXEC']
    const kind = this.#random.below(this.#isQueuing ? 27 : 34)
    return present(this.#choices()[kind], 'there is a choice for every number')()
  }

  /** Those at the end are not for a transaction: what takes its time is refused there. */
  #choices(): readonly (() => readonly string[])[] {
    return [
      () => ['GET', this.#key()],
      () => ['GET', this.#key()],
      () => ['SET', this.#key(), this.#value()],
      () => ['SET', this.#key(), this.#value()],
      () => ['set', this.#key(), this.#value(), ...this.#setOptions()],
      () => ['SETNX', this.#key(), this.#value()],
      () =>
        this.#one(2) ? ['SETEX', this.#key(), this.#of(TTLS_S), this.#value()] : ['PSETEX', this.#key(), this.#of(TTLS_MS), this.#value()],
      () => [this.#of(['GETSET', 'APPEND']), this.#key(), this.#value()],
      () => [this.#of(['GETDEL', 'STRLEN', 'TYPE', 'PERSIST']), this.#key()],
      () => ['GETEX', this.#key(), ...(this.#one(3) ? ['PERSIST'] : this.#deadline())],
      () => ['MGET', ...this.#some(() => [this.#key()])],
      () => [this.#of(['MSET', 'MSETNX']), ...this.#some(() => [this.#key(), this.#value()])],
      () => [this.#of(['GETRANGE', 'SUBSTR']), this.#key(), this.#of(POSITIONS), this.#of(POSITIONS)],
      () => ['SETRANGE', this.#one(8) ? 'big' : this.#key(), this.#of(OFFSETS.slice(0, 6)), this.#value()],
      () => this.#big(),
      () => [this.#of(['DEL', 'UNLINK', 'EXISTS', 'TOUCH']), ...this.#some(() => [this.#key()])],
      () => [this.#of(['RENAME', 'RENAMENX']), this.#key(), this.#key()],
      () => ['COPY', this.#key(), this.#key(), ...this.#maybe(['REPLACE']), ...this.#maybe(['DB', this.#of(['0', '0', '99', 'x'])])],
      () => this.#expire(),
      () => this.#expire(),
      () => [this.#of(ABOUT), this.#key()],
      () => [this.#of(ABOUT), this.#key()],
      () => [this.#of(['PING', 'ECHO']), this.#value()],
      () => ['SELECT', this.#of(['0', '0', '77', 'x', '-1'])],
      () => ['CLIENT', ...this.#of([['GETNAME'], ['SETNAME', 'me'], ['SETNAME', 'two words'], ['NO-EVICT', 'on'], ['nosuch']])],
      () => [this.#of(['MULTI', 'UNWATCH', 'OBJECT', 'WATCH'])],
      () => [this.#of(NAMES), ...this.#some(() => [this.#value()])],
      () => this.#watch(),
      () => ['MULTI'],
      () => ['LCS', this.#key(), this.#key(), ...this.#lcsOptions()],
      () => (this.#one(2) ? ['KEYS', this.#of(PATTERNS)] : ['SCAN', '0', 'COUNT', '1000', ...this.#scanFilter()]),
      () => this.#count(),
      () => [this.#of(['EXEC', 'DISCARD'])],
      () => (this.#one(10) ? [this.#of(['FLUSHALL', 'FLUSHDB']), ...this.#maybe([this.#of(['SYNC', 'async', 'x'])])] : this.#count()),
    ]
  }

  /** Redis counts keys whose time is over until it comes across them, as SCAN does. */
  #count(): readonly string[] {
    this.#following = ['DBSIZE']
    return ['SCAN', '0', 'COUNT', '1000']
  }

  /** Keys that are there: one that comes and goes again under WATCH has changed for Redis alone. */
  #watch(): readonly string[] {
    const keys = this.#some(() => [this.#key()])
    this.#following = ['WATCH', ...keys]
    return ['MSET', ...keys.flatMap((key) => [key, this.#value()])]
  }

  #scanFilter(): readonly string[] {
    return this.#one(2) ? ['MATCH', this.#of(PATTERNS)] : ['TYPE', this.#of(['string', 'STRING', 'hash', 'nosuch'])]
  }

  #setOptions(): readonly string[] {
    const options = [...this.#maybe([this.#of(['NX', 'XX'])]), ...this.#maybe(['GET'])]
    return [...options, ...(this.#one(3) ? ['KEEPTTL'] : this.#deadline())]
  }

  #deadline(): readonly string[] {
    return this.#of([
      ['EX', this.#of(TTLS_S)],
      ['px', this.#of(TTLS_MS)],
      ['EXAT', this.#of(MOMENTS_S)],
      ['PXAT', this.#of(MOMENTS_MS)],
      [],
      ['EX', '0'],
    ])
  }

  /** GT and LT are asked of moments alone: two times to live may end in the same millisecond on one server. */
  #expire(): readonly string[] {
    if (this.#one(2)) {
      const [name, ttls] = this.#of([['EXPIRE', TTLS_S] as const, ['PEXPIRE', TTLS_MS] as const])
      return [name, this.#key(), this.#one(6) ? this.#of(['0', '-5']) : this.#of(ttls), ...this.#maybe([this.#of(['NX', 'XX'])])]
    }
    const [name, moments] = this.#of([['EXPIREAT', MOMENTS_S] as const, ['PEXPIREAT', MOMENTS_MS] as const])
    return [name, this.#key(), this.#of(moments), ...this.#maybe([this.#of(['NX', 'xx', 'GT', 'LT', 'FOO'])]), ...this.#maybe(['XX'])]
  }

  #lcsOptions(): readonly string[] {
    return this.#of([[], ['LEN'], ['IDX'], ['IDX', 'WITHMATCHLEN'], ['IDX', 'MINMATCHLEN', '3'], ['LEN', 'IDX'], ['MINMATCHLEN']])
  }

  /** One key alone grows to the limit, so that answers stay short. */
  #big(): readonly string[] {
    return this.#of([
      ['SETRANGE', 'big', this.#of(OFFSETS), this.#value()],
      ['STRLEN', 'big'],
      ['APPEND', 'big', this.#value()],
      ['GETRANGE', 'big', '-10', '-1'],
      ['DEL', 'big'],
    ])
  }

  #spoilt(words: readonly string[]): readonly string[] {
    if (this.#following !== null || !this.#one(12)) return words
    const spoilt = [...words]
    // A key that is empty is refused here and not by Redis.
    const takesKeys = TAKES_KEYS_ANYWHERE.includes((words[0] ?? '').toLowerCase())
    const word = this.#one(2) ? this.#of(SPOILT) : this.#of(SPOILT_NUMBERS)
    switch (this.#random.below(4)) {
      case 0:
        return spoilt.slice(0, -1).length === 0 ? spoilt : spoilt.slice(0, -1)
      case 1:
        return [...spoilt, word === '' && takesKeys ? 'abc' : word]
      case 2:
        return [...spoilt, present(spoilt.at(-1), 'a command has a word')]
      default: {
        const index = 2 + this.#random.below(3)
        if (index < spoilt.length && !takesKeys) spoilt[index] = word
        return spoilt
      }
    }
  }

  #some(make: () => readonly string[]): readonly string[] {
    return Array.from({ length: 1 + this.#random.below(3) }, make).flat()
  }

  #maybe(words: readonly string[]): readonly string[] {
    return this.#one(3) ? words : []
  }

  #key(): string {
    return this.#of(KEYS)
  }

  #value(): string {
    return this.#of(VALUES)
  }

  #one(of: number): boolean {
    return this.#random.below(of) === 0
  }

  #of<T>(list: readonly T[]): T {
    return present(list[this.#random.below(list.length)], 'the index is below the length')
  }
}

const TAKES_KEYS_ANYWHERE = ['mget', 'mset', 'msetnx', 'del', 'unlink', 'exists', 'touch', 'watch', 'lcs', 'rename', 'renamenx', 'copy']
