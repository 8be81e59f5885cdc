import { serviceKey } from '../model/route.ts';
import type { RouteView } from './route-view.ts';

/** Which requests of a route a canary takes, in one line for people. */
export function describeCanary(canary: NonNullable<RouteView['canary']>): string {
  const { backend, ingress, weight, weightTotal, header, headerValue, headerPattern, cookie } = canary;
  const value = headerValue || (headerPattern === undefined ? 'always' : `~${headerPattern}`);
  const share = weightTotal === undefined ? `${weight}%` : `${weight} of ${weightTotal}`;
  const rules = [
    header !== '' && `header ${header}: ${value}`,
    cookie !== '' && `cookie ${cookie}=always`,
    weight > 0 && `${share} of ${header === '' && cookie === '' ? 'all' : 'the other'} requests`,
  ].filter(rule => rule !== false);
  const who = rules.length === 0 ? 'it takes no request' : `it takes ${rules.join(', ')}`;
  const asker = ingress === undefined ? '' : ` of Ingress ${serviceKey(ingress)}`;
  return `${backend.name}${asker}: ${backend.endpoints.length === 0 ? 'no endpoint: it takes no request' : who}`;
}
