/**
 * The longest common subsequence of two strings by dynamic programming (Wagner and Fischer, "The
 * String-to-String Correction Problem", 1974): a cell for each pair of prefixes, walked back from
 * the last one. Where two ways are equally long it turns as Redis does, so that the answers are
 * the same. Time and memory grow with the product of the lengths, so that is bounded; the variant
 * that needs memory for one row (Hirschberg) still needs the time.
 */

/** Four bytes each. The event loop stands still for about 20 ms. */
export const LCS_CELLS_MAX = 4 * 1024 * 1024

/** A stretch that both have, at these positions. */
export interface CommonStretch {
  readonly left: number
  readonly right: number
  readonly length: number
}

export class CommonSubsequence {
  readonly #left: string
  readonly #right: string
  /** Row by row: the length for the first `i` of the left and the first `j` of the right. */
  readonly #cells: Uint32Array

  private constructor(left: string, right: string, cells: Uint32Array) {
    this.#left = left
    this.#right = right
    this.#cells = cells
  }

  /** The caller keeps the product of the lengths below `LCS_CELLS_MAX`. */
  static of(left: string, right: string): CommonSubsequence {
    const width = right.length + 1
    const cells = new Uint32Array((left.length + 1) * width)
    for (let i = 1; i <= left.length; i++) {
      const code = left.charCodeAt(i - 1)
      const row = i * width
      for (let j = 1; j <= right.length; j++) {
        const above = cells[row - width + j] ?? 0
        const before = cells[row + j - 1] ?? 0
        const isEqual = code === right.charCodeAt(j - 1)
        cells[row + j] = isEqual ? (cells[row - width + j - 1] ?? 0) + 1 : Math.max(above, before)
      }
    }
    return new CommonSubsequence(left, right, cells)
  }

  get length(): number {
    return this.#cell(this.#left.length, this.#right.length)
  }

  text(): string {
    return this.matches()
      .map(({ left, length }) => this.#left.slice(left, left + length))
      .reverse()
      .join('')
  }

  /** From the last to the first. */
  matches(): readonly CommonStretch[] {
    const matches: CommonStretch[] = []
    let i = this.#left.length
    let j = this.#right.length
    while (i > 0 && j > 0) {
      const length = this.#matchBefore(i, j)
      i -= length
      j -= length
      if (length > 0) matches.push({ left: i, right: j, length })
      else if (this.#cell(i - 1, j) > this.#cell(i, j - 1)) i -= 1
      else j -= 1
    }
    return matches
  }

  /** How many characters before these positions are equal. */
  #matchBefore(i: number, j: number): number {
    let length = 0
    while (length < i && length < j && this.#left[i - length - 1] === this.#right[j - length - 1]) length++
    return length
  }

  #cell(i: number, j: number): number {
    return this.#cells[i * (this.#right.length + 1) + j] ?? 0
  }
}
