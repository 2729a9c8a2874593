/**
 * What all connections of a door hold in memory together: commands that have not arrived whole,
 * and answers that were not taken yet. Each connection has limits of its own; this is the limit
 * of their sum, which ten thousand connections would break without being noticed one by one.
 */
export class HeldBytes {
  readonly #max: number
  #bytes = 0

  constructor(max: number) {
    this.#max = max
  }

  get bytes(): number {
    return this.#bytes
  }

  /** One holder has `after` bytes instead of `before`. False if they are too many together: it must let go of them. */
  change(before: number, after: number): boolean {
    this.#bytes += after - before
    return after <= before || this.#bytes <= this.#max
  }
}
