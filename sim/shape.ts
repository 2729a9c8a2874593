/**
 * Looks at data that others made, such as a file with a run or the calls of a user's workload, and
 * says of the first thing that is not what it should be where it is and what it should be:
 * `plan[3].durationMs is "10", not a number from 0 to 86400000`.
 *
 * A schema language was rejected: two kinds of data are looked at, and this is shorter than one.
 */

import { type Chance, SkeinError } from '../base/index.ts'

/** Of a value in a message. */
const SHOWN_MAX = 40

/** Makes the failure of a sentence that names place and fault. */
export type Refuse = (problem: string) => Error

export class Shape {
  readonly #value: unknown
  readonly #path: string
  readonly #refuse: Refuse

  private constructor(value: unknown, path: string, refuse: Refuse) {
    this.#value = value
    this.#path = path
    this.#refuse = refuse
  }

  /** @param name of the whole, for messages; empty if its fields need none before them */
  static of(value: unknown, name: string, refuse: Refuse = refuseAsBadRequest): Shape {
    return new Shape(value, name, refuse)
  }

  get value(): unknown {
    return this.#value
  }

  /** The failure that says what stands here instead of what is `expected`. */
  wrong(expected: string): Error {
    const found = this.#value === undefined ? 'missing' : shown(this.#value)
    return this.#refuse(`${this.#path === '' ? 'it' : this.#path} is ${found}, not ${expected}`)
  }

  /** A field of an object; one that is missing is undefined. */
  field(name: string): Shape {
    const path = this.#path === '' ? name : `${this.#path}.${name}`
    return new Shape(this.#object()[name], path, this.#refuse)
  }

  /** All fields of an object. */
  entries(): [name: string, Shape][] {
    return Object.keys(this.#object()).map((name) => [name, this.field(name)])
  }

  /** Refuses fields of other names: a mistyped one must not be taken for one that was left out. */
  only(names: readonly string[]): this {
    for (const name of Object.keys(this.#object())) {
      if (!names.includes(name)) throw this.#refuse(`${this.#path === '' ? '' : `${this.#path}.`}${name} is none of ${names.join(', ')}`)
    }
    return this
  }

  items(max: number): Shape[] {
    const value: unknown = this.#value
    if (!Array.isArray(value) || value.length > max) throw this.wrong(`a list of at most ${max}`)
    return value.map((item: unknown, index) => new Shape(item, `${this.#path}[${index}]`, this.#refuse))
  }

  number(min: number, max: number): number {
    if (typeof this.#value === 'number' && this.#value >= min && this.#value <= max) return this.#value
    throw this.wrong(`a number from ${min} to ${max}`)
  }

  integer(min: number, max: number): number {
    if (typeof this.#value === 'number' && Number.isSafeInteger(this.#value) && this.#value >= min && this.#value <= max) return this.#value
    throw this.wrong(`a whole number from ${min} to ${max}`)
  }

  /** Of at most `max` characters. */
  text(max: number): string {
    if (typeof this.#value === 'string' && this.#value.length <= max) return this.#value
    throw this.wrong(`a text of at most ${max} characters`)
  }

  /** A string with a character for each of `min` to `max` bytes. */
  binary(min: number, max: number): string {
    const value = this.#value
    if (typeof value !== 'string' || value.length < min || value.length > max) throw this.wrong(`a string of ${min} to ${max} bytes`)
    for (let i = 0; i < value.length; i++)
      if (value.charCodeAt(i) > 0xff) throw this.wrong('a string with a character for each byte (keyFromText)')
    return value
  }

  oneOf<Choice extends string>(choices: readonly Choice[]): Choice {
    const choice = choices.find((candidate) => candidate === this.#value)
    if (choice !== undefined) return choice
    throw this.wrong(`one of ${choices.join(', ')}`)
  }

  boolean(): boolean {
    if (typeof this.#value === 'boolean') return this.#value
    throw this.wrong('true or false')
  }

  method(): void {
    if (typeof this.#value !== 'function') throw this.wrong('a function')
  }

  orNull<Value>(read: (shape: Shape) => Value): Value | null {
    return this.#value === null ? null : read(this)
  }

  /** A probability as a fraction. */
  chance(): Chance {
    const denominator = this.only(['numerator', 'denominator']).field('denominator').integer(1, Number.MAX_SAFE_INTEGER)
    return { numerator: this.field('numerator').integer(0, denominator), denominator }
  }

  #object(): Readonly<Record<string, unknown>> {
    if (typeof this.#value === 'object' && this.#value !== null && !Array.isArray(this.#value)) {
      // Any object is a record of unknowns.
      return this.#value as Readonly<Record<string, unknown>>
    }
    throw this.wrong('an object')
  }
}

function refuseAsBadRequest(problem: string): SkeinError {
  return new SkeinError('BAD_REQUEST', problem)
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}
