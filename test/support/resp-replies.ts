/** Takes answers of the Redis protocol apart, without the encoder that wrote them. */

/** The bytes of the answer that begins at `start`, or null if it is not there whole. */
export function replyAt(text: string, start: number): string | null {
  const end = endOfReply(text, start)
  return end < 0 ? null : text.slice(start, end)
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
