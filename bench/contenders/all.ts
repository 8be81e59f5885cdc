import type { Contender } from './contender.ts';
import { node, wire } from './kube-entry.ts';
import { nginxSeed, nginxTuned } from './nginx.ts';

/** In the order of the report. */
export const CONTENDERS: readonly Contender[] = [wire, node, nginxTuned, nginxSeed];

/** What every figure is compared with. */
export const REFERENCE = nginxTuned.name;
