/** What an Ingress says of the Services behind it: no route says it, and annotations of the Service do. Pure. */
import type { Cluster } from '../../model/cluster.ts';
import type { ClusterId, Route } from '../../model/route.ts';
import * as annotations from './own-annotations.ts';
import type { WordsContext } from './words.ts';

const EVEN: Pick<Cluster, 'balance'> = { balance: { policy: 'least-request' } };

/** The annotations of ingress-nginx that ask for it, by those of this program that say the same. */
const BALANCING = ['affinity', 'load-balance', 'upstream-hash-by', 'service-upstream'];

export function serviceWords({ cluster, canary }: Pick<Route, 'cluster' | 'canary'>, context: WordsContext): void {
  const ids: ClusterId[] = canary === undefined ? [cluster] : [cluster, canary.cluster];
  for (const id of ids) {
    const { cluster: found, port } = context.destination(id) ?? {};
    if (found === undefined || found.service.namespace === '') continue;
    // Of a Service that is not in the dump, it is not known how it is reached.
    const { balance } = port === undefined ? EVEN : found;
    const why = 'how requests are spread over pods is said by the Service, for all that leads to it';
    tell(found, annotations.ofService({ ...found, balance }), BALANCING, why, context);
    tellSpeech(found, context);
  }
}

function tellSpeech(cluster: Cluster, context: WordsContext): void {
  const { protocol, tls } = cluster;
  if (protocol === undefined || protocol === 'grpc') return;
  // What is verified is said by a BackendTLSPolicy.
  if (tls?.isVerified) return;
  const own = {
    ...annotations.own('protocol', protocol),
    ...(tls && annotations.own('tls-verify', 'false')),
    ...(tls?.serverName && annotations.own('server-name', tls.serverName)),
  };
  const why =
    'a BackendTLSPolicy always verifies certificates, and ingress-nginx verifies none here: write one with the authority, or let the Service say the same';
  tell(cluster, own, ['backend-protocol'], why, context);
}

function tell(
  { service }: Cluster,
  own: annotations.Annotations,
  names: readonly string[],
  reason: string,
  context: WordsContext,
): void {
  const words = Object.entries(own).map(([name, value]) => `${name}=${shellWord(value)}`);
  if (words.length === 0) return;
  const mend = `kubectl --namespace ${service.namespace} annotate service ${service.name} ${words.join(' ')}`;
  context.say({ names, verdict: 'unsupported', reason, mend });
}

function shellWord(text: string): string {
  return /^[\w./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
