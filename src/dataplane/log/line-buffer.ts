/** Memory that lines are written into, one after the other, and that goes out later. */
export interface LineBuffer {
  /** Replaced by {@link reserve}. */
  readonly bytes: Buffer;
  /** Where in {@link bytes} the next line begins. */
  readonly end: number;
  /** Makes room for a line of at most so many bytes. */
  reserve(mostBytes: number): void;
  /** A line has been written. @param end the place after it */
  add(end: number): void;
}
