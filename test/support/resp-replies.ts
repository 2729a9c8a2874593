/** Takes answers of the Redis protocol apart, without the encoder that wrote them. */

/** The bytes of the answer that begins at `start`, or null if it is not there whole. */
export function replyAt(text: string, start: number): string | null {
  const end = endOfReply(text, start)
  return end < 0 ? null : text.slice(start, end)
}

/** A number, a bulk string as it is, `+OK`, `-ERR …`, null, an array; a map as an array of pairs. */
export type Answer = string | number | null | readonly Answer[]

/** An answer as a value. */
export function answerOf(reply: string): Answer {
  const first = reply.slice(1, reply.indexOf('\r\n'))
  const rest = reply.slice(first.length + 3, -2)
  switch (reply[0]) {
    case '+':
    case '-':
      return reply.slice(0, -2)
    case ':':
      return Number(first)
    case '_':
      return null
    case '$':
      return first === '-1' ? null : rest
    case '=':
      return rest.slice('txt:'.length)
    case '*':
    case '~':
      return first === '-1' ? null : itemsOf(reply).map(answerOf)
    case '%':
      return pairsOf(itemsOf(reply).map(answerOf))
    default:
      throw new Error(`not an answer: ${JSON.stringify(reply.slice(0, 200))}`)
  }
}

function pairsOf(items: readonly Answer[]): readonly Answer[] {
  return Array.from({ length: items.length / 2 }, (_, i) => items.slice(2 * i, 2 * i + 2))
}

/** The answers that an array, a set or a map has, each as its bytes. */
export function itemsOf(reply: string): readonly string[] {
  const items: string[] = []
  let at = reply.indexOf('\r\n') + 2
  while (at < reply.length) {
    const item = replyAt(reply, at)
    if (item === null) throw new Error(`not a whole answer: ${JSON.stringify(reply.slice(0, 200))}`)
    items.push(item)
    at += item.length
  }
  return items
}

function endOfReply(text: string, start: number): number {
  if (start >= text.length) return -1
  const line = text.indexOf('\r\n', start)
  if (line < 0) return -1
  const next = line + 2
  const length = Number(text.slice(start + 1, line))
  switch (text[start]) {
    case '+':
    case '-':
    case ':':
    case '_':
      return next
    case '$':
    case '=':
      return length < 0 ? next : next + length + 2 > text.length ? -1 : next + length + 2
    case '*':
    case '~':
      return endOfItems(text, next, length)
    case '%':
      return endOfItems(text, next, 2 * length)
    default:
      throw new Error(`not an answer: ${JSON.stringify(text.slice(start, start + 200))}`)
  }
}

function endOfItems(text: string, start: number, count: number): number {
  let at = start
  for (let i = 0; i < count && at >= 0; i++) at = endOfReply(text, at)
  return at
}
