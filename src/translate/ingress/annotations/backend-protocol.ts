/** What endpoints speak, and how they are trusted. */

import { FormatError } from '../../../errors.ts';
import { isHostName } from '../../../formats/host-name.ts';
import type { UpstreamProtocol, UpstreamTls } from '../../../model/cluster.ts';
import { serviceKey } from '../../../model/route.ts';
import type { SecretRef } from '../../../resources/secret-store.ts';
import { quote } from '../../../text/quote.ts';
import { authoritiesFault } from '../../tls-authorities.ts';
import type { IngressEffect, IngressFeature, IngressValues } from '../ingress-feature.ts';
import { parseWord } from '../numbers.ts';
import { objectNameOf } from './object-name.ts';

const PROTOCOLS = { HTTP: undefined, HTTPS: 'https', GRPC: 'grpc', GRPCS: 'grpcs' } as const satisfies Record<
  string,
  UpstreamProtocol | undefined
>;
const UNKNOWN_HERE: ReadonlySet<string> = new Set(['AUTO_HTTP', 'FCGI']);
/** The name that ingress-nginx verifies where it is told none. */
const NGINX_NAME = 'upstream_balancer';

export const BACKEND_PROTOCOL: IngressFeature = {
  rows: [
    {
      name: 'backend-protocol',
      support: 'works',
      value: 'HTTP, HTTPS, GRPC or GRPCS, in upper or lower case',
      example: 'HTTPS',
      help: 'What the endpoints speak. Certificates of HTTPS and GRPCS are not verified, unless proxy-ssl-verify asks for it.',
      differs: 'With AUTO_HTTP and FCGI, which are not spoken here, the locations answer 503.',
    },
    {
      name: 'proxy-ssl-secret',
      support: 'works',
      value: 'the name of a Secret with ca.crt, or with tls.crt and tls.key, NAMESPACE/NAME',
      example: 'default/backend-ca',
      help: 'The authorities by which certificates of endpoints are verified (ca.crt), and the certificate that is shown to endpoints that ask for one (tls.crt, tls.key). The other proxy-ssl annotations count only with it. While the Secret is missing or cannot be used, the locations answer 503.',
    },
    {
      name: 'proxy-ssl-verify',
      support: 'works',
      value: 'on or off',
      example: 'on',
      help: 'on: the certificate of an endpoint has to be signed by one of these authorities, and to bear the name.',
    },
    {
      name: 'proxy-ssl-name',
      support: 'works',
      value: 'a host name',
      example: 'backend.example.com',
      help: 'The name that the certificate has to bear, and that is sent as SNI.',
      differs: 'A name that is verified is always sent as SNI.',
    },
    {
      name: 'proxy-ssl-server-name',
      support: 'works',
      value: 'on or off',
      example: 'on',
      help: 'on: the name is sent as SNI, whether it is verified or not.',
    },
    {
      name: 'proxy-ssl-verify-depth',
      support: 'no-effect',
      value: 'a whole number',
      example: '1',
      help: 'The most intermediate certificates of a chain.',
      why: 'chains of any length are taken whose authority is trusted',
    },
    {
      name: 'proxy-ssl-protocols',
      support: 'refused',
      value: 'versions of TLS',
      example: 'TLSv1.2',
      help: 'The versions of TLS that are spoken with endpoints.',
      why: 'TLS 1.2 and 1.3 are spoken with endpoints, whichever of them they prefer: remove it',
    },
    {
      name: 'proxy-ssl-ciphers',
      support: 'refused',
      value: "OpenSSL's list of ciphers",
      example: 'DEFAULT',
      help: 'The ciphers that are offered to endpoints.',
      why: "the ciphers offered to endpoints are OpenSSL's own defaults: remove it",
    },
  ],
  read(values) {
    const word = values.get('backend-protocol')?.trim().toUpperCase();
    if (word !== undefined && UNKNOWN_HERE.has(word)) {
      values.deny('backend-protocol', `${word} is not spoken here: let the Service speak HTTP, or write HTTPS or GRPC`);
      return undefined;
    }
    const words = Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[];
    const known = values.read('backend-protocol', text => parseWord(text.trim().toUpperCase(), words));
    const protocol = known && PROTOCOLS[known];
    return protocol === undefined ? undefined : { speech: speechOf(values, protocol) };
  },
};

function speechOf(values: IngressValues, protocol: UpstreamProtocol): NonNullable<IngressEffect['speech']> {
  if (protocol === 'grpc') return { protocol };
  const tls = readTls(values);
  if (!tls.isVerified) {
    const risk =
      'the certificates of endpoints are not verified: anyone who takes over their addresses can read and change all requests';
    const advice = 'write proxy-ssl-secret, proxy-ssl-name and proxy-ssl-verify: "on"';
    values.warnUnverified('backend-protocol', `${risk}; ${advice}`);
  }
  return { protocol, tls };
}

const UNVERIFIED: UpstreamTls = { serverName: '', isVerified: false };

function readTls(values: IngressValues): UpstreamTls {
  const secretText = values.get('proxy-ssl-secret');
  if (secretText === undefined) return UNVERIFIED;
  const secret = values.require('proxy-ssl-secret', text => objectNameOf(text, values));
  if (secret === undefined) return UNVERIFIED;
  const onOff = (text: string): boolean => parseWord(text, ['on', 'off']) === 'on';
  const isVerified = values.read('proxy-ssl-verify', onOff) ?? false;
  const sendsName = values.read('proxy-ssl-server-name', onOff) ?? false;
  const asked = values.read('proxy-ssl-name', parseName);
  const name = asked ?? NGINX_NAME;
  if (isVerified && asked === undefined)
    values.tell(
      'proxy-ssl-verify',
      `the name ${NGINX_NAME} is verified, which no certificate bears: write proxy-ssl-name`,
    );
  return {
    serverName: isVerified || sendsName ? name : '',
    isVerified,
    ...readSecret(values, secret, isVerified),
  };
}

/** What endpoints are verified by, and shown. While the Secret is not known, none is trusted. */
function readSecret(
  values: IngressValues,
  secret: SecretRef,
  isVerified: boolean,
): Pick<UpstreamTls, 'ca' | 'clientCertificate'> {
  const trusted = isVerified && { ca: '' };
  const deny = (fault: string) => {
    values.deny('proxy-ssl-secret', `the Secret ${serviceKey(secret)} cannot be used: ${fault}`);
    return { ...trusted };
  };
  const [authorities, shown] = [
    values.authorities('proxy-ssl-secret', secret),
    values.certificate('proxy-ssl-secret', secret),
  ];
  if (authorities === undefined || shown === undefined) return { ...trusted };
  if ('fault' in authorities) return deny(authorities.fault);
  if ('fault' in shown) return deny(shown.fault);
  const { pem } = authorities;
  const { certificate } = shown;
  if (pem === '' && certificate === undefined) return deny('it has neither ca.crt nor tls.crt and tls.key');
  const fault = isVerified ? authoritiesFault(pem) : undefined;
  if (fault !== undefined) return deny(fault);
  return { ...(isVerified && { ca: pem }), ...(certificate && { clientCertificate: certificate }) };
}

/** @throws FormatError */
function parseName(text: string): string {
  if (!isHostName(text)) throw new FormatError(`${quote(text)} is no host name`);
  return text.toLowerCase();
}
