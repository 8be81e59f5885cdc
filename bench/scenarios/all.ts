import type { Scenario } from './scenario.ts';
import { smallGet, smallGet512, smallGetLogged } from './small-get.ts';

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [smallGet, smallGetLogged, smallGet512];
