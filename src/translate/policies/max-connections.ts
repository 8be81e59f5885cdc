import { FormatError } from '../../errors.ts';
import { clientNetwork } from '../../formats/client-network.ts';
import type { MaxConnectionsPolicy } from '../../model/policy.ts';
import { serviceKey } from '../../model/route.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy } from './policy-definition.ts';

const MOST = 1_000_000;

export const MAX_CONNECTIONS = definePolicy<MaxConnectionsPolicy>({
  rows: [
    {
      name: 'max-connections',
      nginx: ['limit-connections'],
      value: `a whole number from 1 to ${MOST}`,
      help: 'Refuses a request with 429 where its client has so many under way already, WebSockets included. A client is an IPv4 address or the /64 of an IPv6 one. All workers count together.',
      example: '20',
    },
  ],
  read(values) {
    const most = values.read('max-connections', parseMost);
    return most === undefined ? undefined : { kind: 'max-connections', owner: serviceKey(values.service), most };
  },
  explain({ most }, { clientIp }) {
    const client = clientIp === undefined ? 'each client' : clientNetwork(clientIp);
    return `lets ${client} have ${most} ${most === 1 ? 'request' : 'requests'} under way at once`;
  },
});

/** @throws FormatError */
function parseMost(text: string): number {
  const most = /^\d{1,7}$/.test(text.trim()) ? Number(text) : 0;
  if (most < 1 || most > MOST) {
    throw new FormatError(`${quote(text)} is not a number of requests: write a whole number from 1 to ${MOST}`);
  }
  return most;
}
