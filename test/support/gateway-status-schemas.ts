import { mergedStatus } from '../../src/control/status/merged-status.ts';
import type { ObjectStatus } from '../../src/translate/gateway/gateway-status.ts';
import { WITHOUT_CRDS } from './gateway-crds.ts';
import { gatewaySchemas, schemaProblems } from './gateway-schemas.ts';
import { CONTROLLER } from './gateways.ts';

const SCHEMAS = WITHOUT_CRDS === false ? gatewaySchemas('standard', 'status') : undefined;

/** Names of the spec, which an API server has stored with them. */
const OF_SPEC = /\.(?:parentRef\.\w+|ancestorRef\.\w+|listeners\[\d+\]\.name) /;

/** What an API server would refuse of a status, when nothing was stored before; none where the CustomResourceDefinitions are not there. */
export function statusProblems(said: ObjectStatus): string[] {
  const { kind } = said.object;
  const schema = SCHEMAS?.get(`${kind} v1`);
  const merged = mergedStatus(undefined, kind, said, { controllerName: CONTROLLER, now: 0 });
  if (merged.outcome !== 'changed') return [];
  if (schema === undefined) return SCHEMAS === undefined ? [] : [`${kind} is not known`];
  const problems = schemaProblems(schema, JSON.parse(JSON.stringify(merged.status)), `${kind}.status`);
  return problems.filter(problem => !OF_SPEC.test(problem));
}
