/**
 * fast-check, with one seed for every property: a run of the tests generates what the run before it generated, so what fails
 * in CI fails here too. FUZZ_SEED gives other values.
 */
import fc from 'fast-check';
import { seed } from './seed.ts';

fc.configureGlobal({ seed });

export default fc;
