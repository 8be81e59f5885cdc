const { FUZZ_SEED } = process.env;

/** What generated inputs of tests are derived from. */
export const seed = FUZZ_SEED === undefined ? 1 : Number(FUZZ_SEED);
