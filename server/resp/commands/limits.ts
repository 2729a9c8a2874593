/** What of the door's configuration commands depend on. */
export interface CommandLimits {
  /** One value, in bytes. */
  readonly maxValueBytes: number
}
