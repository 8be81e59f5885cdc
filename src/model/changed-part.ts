/** Where a list differs from what it was: what stands before and behind this part is the same in both. */
export interface ChangedPart {
  readonly start: number;
  /** In the list as it was. */
  readonly endBefore: number;
  readonly endAfter: number;
}

/** Of thousands of endpoints nearly always one goes or comes: work that is done for this part alone costs little, whatever the length. */
export function changedPart<T, U>(
  before: readonly T[],
  after: readonly U[],
  isSame: (one: T, other: U) => boolean,
): ChangedPart {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isSame(before[start] as T, after[start] as U)) start += 1;
  let behind = 0;
  while (
    behind < shorter - start &&
    isSame(before[before.length - 1 - behind] as T, after[after.length - 1 - behind] as U)
  ) {
    behind += 1;
  }
  return { start, endBefore: before.length - behind, endAfter: after.length - behind };
}
