export { type ErrorCode, type ErrorDetails, SkeinError } from '../base/index.ts'
export * from './channel.ts'
export { type ConnectOptions, connect } from './connect.ts'
export { Database, type DatabaseOptions } from './database.ts'
export type {
  BatchCondition,
  BatchOperation,
  BatchOptions,
  BatchResult,
  BulkSetOptions,
  ConflictingVersion,
  DeleteOptions,
  GetOptions,
  Item,
  KeyConflict,
  KeyConflicts,
  RequestOptions,
  ScanItem,
  ScanOptions,
  SetOptions,
  WriteOptions,
  Written,
} from './items.ts'
export type { StringEncoding } from './values.ts'
