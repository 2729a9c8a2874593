import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { SkeinError } from '../../base/index.ts'
import { ClusterSecret, deriveKeyPair, deriveTopic } from '../../gossip/index.ts'
import { A, B } from './loopback.ts'

describe('a cluster secret', () => {
  it('[ID2] is one line of text that gives the same keys again', () => {
    const secret = ClusterSecret.generate()
    const again = ClusterSecret.parse(`${secret.reveal()}\n`)
    expect(secret.reveal()).toMatch(/^skein1_[A-Za-z0-9_-]{48}$/)
    expect(deriveKeyPair(again, A)).toEqual(deriveKeyPair(secret, A))
    expect(deriveTopic(again)).toEqual(deriveTopic(secret))
  })

  it('[ID2] gives other keys for another name and for another secret', () => {
    const [secret, other] = [ClusterSecret.generate(), ClusterSecret.generate()]
    const keys = [deriveKeyPair(secret, A), deriveKeyPair(secret, B), deriveKeyPair(other, A)].map(({ publicKey }) =>
      publicKey.toString('hex'),
    )
    expect(new Set(keys).size).toBe(3)
  })

  it.each([
    ['nothing', () => ''],
    ['another word', () => 'hunter2'],
    ['no body', () => 'skein1_'],
    ['a character too few', (text: string) => text.slice(0, -1)],
    ['a character too many', (text: string) => `${text}A`],
    ['a changed character', (text: string) => text.slice(0, 20) + (text[20] === 'A' ? 'B' : 'A') + text.slice(21)],
    ['a space in the middle', (text: string) => `${text.slice(0, 20)} ${text.slice(20)}`],
  ])('refuses %s and does not repeat it', (_, damage) => {
    const text = damage(ClusterSecret.generate().reveal())
    let failure: unknown
    try {
      ClusterSecret.parse(text)
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(SkeinError)
    expect(failure).toMatchObject({ code: 'BAD_REQUEST' })
    if (text.length > 10) expect(inspect(failure)).not.toContain(text.slice(7))
  })

  it('shows itself nowhere', () => {
    const secret = ClusterSecret.generate()
    const shown = [`${secret}`, JSON.stringify({ secret }), inspect({ secret }, { showHidden: true, depth: 9 })]
    for (const text of shown) expect(text).not.toContain(secret.reveal().slice(7, 20))
    expect(shown[0]).toBe('[cluster secret]')
  })
})
