/**
 * What a protocol sees of its connection, and what a connection sees of its protocol. The door's
 * connections are sockets (`socket-wire.ts`); a test can be one, too.
 */

/** The way to the client. */
export interface Wire {
  /** `host:port` of the client. */
  readonly remote: string
  /** Sends text. What is written in one turn of the event loop leaves together. */
  write(text: string): void
  /** True while the client has not taken enough of what was sent: nothing more should be made for it. */
  readonly isClogged: boolean
  /** Stops what arrives from being handed over, until `resume`. A little may still come. */
  pause(): void
  resume(): void
  /**
   * The connection owes something: an answer that depends on the client going on, or the rest of
   * a command. While it does, a client that is silent for too long loses its connection.
   */
  expect(isWaiting: boolean): void
  /** Ends the connection once everything that was written has left. Nothing more is handed over. */
  end(): void
  /** Ends it at once. */
  destroy(): void
}

/** A connection in its protocol. */
export interface Session {
  /** Bytes have arrived. They belong to the session from now on. */
  take(bytes: Buffer): void
  /** The client sends nothing more; it may still read. */
  inputEnded(): void
  /** The wire is not clogged any more. */
  drained(): void
  /** Takes nothing more; what was taken is answered, then the wire is ended. */
  stop(): void
  /** The connection is gone. */
  closed(): void
}

/** What a connection can turn out to speak. */
export interface Protocol {
  /** The first bytes are handed to the session next. */
  open(wire: Wire): Session
}
