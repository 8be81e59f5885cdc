/**
 * The order in which entrants are measured: one after the other, round by round. Another one begins each round: whatever
 * disturbs the machine does not always meet the same.
 */
export function* turns<T>(entrants: readonly T[], rounds: number): Generator<readonly [round: number, entrant: T]> {
  for (let round = 0; round < rounds; round += 1) {
    const first = round % entrants.length;
    for (const entrant of [...entrants.slice(first), ...entrants.slice(0, first)]) yield [round, entrant];
  }
}
