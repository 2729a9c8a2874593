/** The Redis whose behaviour the commands follow. Clients look at it to know what they may send. */
export const REDIS_VERSION = '7.0.15'
