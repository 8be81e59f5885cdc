import { TOGETHER } from '../suites.ts';
import { runTogether } from '../support/together.ts';

await runTogether(TOGETHER.policies);
