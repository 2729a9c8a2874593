/**
 * Money moves between accounts and the sum stays (Jepsen's `bank`). Every read of all accounts has
 * to be of one moment: a read between the two halves of a transfer has another sum. Whether a
 * transfer may overdraw an account is up to the bank. Linear.
 */

import type { Scalar, Verdict } from './history.ts'

export interface BankRead {
  /** Every account with its balance; null if the account was not there. */
  readonly balances: readonly (readonly [account: string, balance: Scalar])[]
}

export interface BankRules {
  readonly accounts: readonly string[]
  /** Of all accounts together. */
  readonly sum: number
  readonly mayOverdraw: boolean
}

export type BankViolation<Read extends BankRead> =
  | { readonly kind: 'wrong-sum'; readonly read: Read; readonly sum: number }
  | { readonly kind: 'overdrawn'; readonly read: Read; readonly account: string; readonly balance: number }
  /** An account is missing, is there twice, holds what is no number, or is not of this bank. */
  | { readonly kind: 'wrong-account'; readonly read: Read; readonly account: string }

export interface BankResult<Read extends BankRead> {
  /** `unknown` if nothing was read. */
  readonly verdict: Verdict
  /** The first of each read. */
  readonly violations: readonly BankViolation<Read>[]
  readonly reads: number
}

/** Reads may carry more, such as when and by whom; the result hands it back. */
export function checkBank<Read extends BankRead>(reads: Iterable<Read>, rules: BankRules): BankResult<Read> {
  const accounts = new Set(rules.accounts)
  const violations: BankViolation<Read>[] = []
  let count = 0
  for (const read of reads) {
    count += 1
    const violation = findViolation(read, accounts, rules)
    if (violation !== null) violations.push(violation)
  }
  return { verdict: violations.length > 0 ? 'failed' : count === 0 ? 'unknown' : 'passed', violations, reads: count }
}

function findViolation<Read extends BankRead>(read: Read, accounts: ReadonlySet<string>, rules: BankRules): BankViolation<Read> | null {
  const missing = new Set(accounts)
  let sum = 0
  for (const [account, balance] of read.balances) {
    if (!missing.delete(account) || typeof balance !== 'number') return { kind: 'wrong-account', read, account }
    if (balance < 0 && !rules.mayOverdraw) return { kind: 'overdrawn', read, account, balance }
    sum += balance
  }
  for (const account of missing) return { kind: 'wrong-account', read, account }
  return sum === rules.sum ? null : { kind: 'wrong-sum', read, sum }
}
