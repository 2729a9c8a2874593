export * from './data-directory.ts'
export * from './hypercore-log-store.ts'
export * from './journal.ts'
