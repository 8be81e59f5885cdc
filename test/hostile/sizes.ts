/** `HOSTILE=full npm test`: the sizes that the project promises to bear. Else those that every run of the tests can pay for. */
const isFull = process.env.HOSTILE === 'full';

const MIB = 1024 * 1024;

/** Only a failing test lasts so long. */
const timeoutMs = 600_000;

export const SIZES = isFull
  ? {
      dribblers: 2000,
      headerTimeoutSeconds: 20,
      readers: 4,
      downloadBytes: 1024 * MIB,
      visitors: 5000,
      hoarders: 1500,
      stalled: 40,
      timeoutMs,
    }
  : {
      dribblers: 200,
      headerTimeoutSeconds: 10,
      readers: 4,
      downloadBytes: 96 * MIB,
      visitors: 1500,
      hoarders: 300,
      stalled: 10,
      timeoutMs,
    };
