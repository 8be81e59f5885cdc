/** What Ingresses name, as far as a dump knows it. */
import { Credentials } from '../model/credentials.ts';
import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { IngressLookups } from '../translate/ingress/ingress-lookups.ts';
import type { Dump } from './dump.ts';

/** What is not in the dump at all, as no Secret is in most, may be in the cluster. */
export function lookupsIn({ services, secrets, configMaps }: Dump): IngressLookups {
  const secretOf = (ref: ServiceRef) => secrets.get(serviceKey(ref)) ?? (secrets.size > 0 ? MISSING : undefined);
  return {
    service: ref => services.get(serviceKey(ref)),
    credentials(ref) {
      const secret = secretOf(ref);
      return secret === undefined || 'fault' in secret ? secret : secret.credentials;
    },
    authorities(ref) {
      const secret = secretOf(ref);
      return secret === undefined || 'fault' in secret ? secret : { pem: secret.ca, revoked: secret.revoked };
    },
    // Whether the certificate can be used is for the entry to say: a report shows what Ingresses ask for.
    certificate(ref) {
      const secret = secretOf(ref);
      return secret === undefined || 'fault' in secret
        ? secret
        : { certificate: secret.certificate && { id: serviceKey(ref), ...secret.certificate } };
    },
    configMap: ref => configMaps.get(serviceKey(ref))?.data ?? (configMaps.size > 0 ? MISSING : undefined),
    isAwaiting: false,
  };
}

/** The same, and a password is asked for whatever the dump knows of its Secret: that it is missing is told elsewhere. */
export function lookupsWithSecrets(dump: Dump): IngressLookups {
  return { ...lookupsIn(dump), credentials: () => SOME_USERS };
}

const SOME_USERS = new Credentials('', []);
const MISSING = { fault: 'it does not exist' } as const;
