/** Certificates of clients: the annotations auth-tls-*. They count for the whole host. */
import { FormatError } from '../../../errors.ts';
import type { HeaderEdit, Policy } from '../../../model/policy.ts';
import { serviceKey } from '../../../model/route.ts';
import type { ClientCertificatePolicy } from '../../../model/tls-host.ts';
import { compilePattern } from '../../../routing/pattern/compile-pattern.ts';
import { quote } from '../../../text/quote.ts';
import { clientCertificatePolicy } from '../../client-certificate-policy.ts';
import { type Authorities, authoritiesFault, revocationFault } from '../../tls-authorities.ts';
import type { IngressFeature, IngressRow, IngressValues, ServerEffect } from '../ingress-feature.ts';
import { parseCount } from '../numbers.ts';
import { objectNameOf } from './object-name.ts';

const DEFAULT_DEPTH = 1;
const MOST_DEPTH = 100;
const LONGEST_PAGE = 2_048;
const MODES: Readonly<Record<string, ClientCertificatePolicy['mode']>> = { on: 'required', optional: 'optional' };

function row(name: string, value: string, example: string, help: string, differs?: string): IngressRow {
  return { name, support: 'works', value, example, help, ...(differs !== undefined && { differs }) };
}

export const CLIENT_CERTIFICATES: IngressFeature = {
  rows: [
    row(
      'auth-tls-secret',
      'NAME or NAMESPACE/NAME of a Secret',
      'client-ca',
      'Clients of the host need a certificate that ca.crt of the Secret has signed: without it, or with one that ca.crl of the Secret has revoked, they get 400. Upstreams are told as ssl-client-verify, ssl-client-subject-dn and ssl-client-issuer-dn. While the Secret is missing or cannot be used, the whole host gets 403.',
      'Plain HTTP gets 400, too, and a Secret without ca.crt 403, where ingress-nginx asks for no certificate.',
    ),
    row(
      'auth-tls-verify-client',
      'on, off or optional',
      'optional',
      'With optional, clients without a certificate are served, too; with off, none is asked for.',
      'optional_no_ca is not built: the locations answer 503.',
    ),
    row(
      'auth-tls-pass-certificate-to-upstream',
      'true or false',
      'true',
      'Upstreams get the certificate as ssl-client-cert: PEM, written as part of a URL.',
    ),
    row(
      'auth-tls-match-cn',
      'CN= and a regular expression',
      'CN=(alice|bob)',
      'Clients in whose subject the expression is not found get 403.',
      'An expression that cannot be read, or is none that this program takes, answers 503.',
    ),
    row(
      'auth-tls-verify-depth',
      'a whole number',
      '2',
      'So many certificates may stand between that of a client and the root in the Secret, 1 unless told; a longer chain gets 400.',
      'So that each connection shows its chain, sessions of TLS are not resumed.',
    ),
    row(
      'auth-tls-error-page',
      'URL',
      'https://example.com/help',
      'Clients without a certificate that counts are sent there with 302, instead of getting 400.',
      'A URL with variables, and a path of the host, which would be served without a certificate, are not taken: clients get 400.',
    ),
  ],
  read(values) {
    if (values.get('auth-tls-secret') === undefined) return undefined;
    const ref = values.require('auth-tls-secret', text => objectNameOf(text, values));
    if (ref === undefined) return { server: { forbidden: 'auth-tls-secret cannot be read' } };
    const word = values.get('auth-tls-verify-client') ?? 'on';
    if (word === 'off') return undefined;
    if (word === 'optional_no_ca') {
      values.deny('auth-tls-verify-client', 'optional_no_ca is not built: write on or optional');
      return undefined;
    }
    const found = values.authorities('auth-tls-secret', ref);
    const fault = faultOf(found);
    if (fault !== undefined || found === undefined || 'fault' in found) {
      if (found !== undefined)
        values.tell(
          'auth-tls-secret',
          `the Secret ${serviceKey(ref)} cannot be used: ${fault}; the whole host gets 403`,
        );
      return { server: { forbidden: `the Secret ${serviceKey(ref)} of auth-tls-secret cannot be used: ${fault}` } };
    }
    const mode = MODES[word] ?? 'required';
    const { pem, revoked = '' } = found;
    const errorPage = values.read('auth-tls-error-page', parsePage);
    const server: ServerEffect = {
      clientCertificate: clientCertificatePolicy({
        ...{ mode, ca: pem, mostIntermediates: depthOf(values) },
        ...(revoked !== '' && { revoked }),
        ...(errorPage !== undefined && { errorPage }),
      }),
      certificatePolicies: [...matchCn(values), headers(values)],
    };
    return { server };
  },
};

function faultOf(found: Authorities): string | undefined {
  if (found === undefined) return 'it has not been read yet';
  return 'fault' in found ? found.fault : (authoritiesFault(found.pem) ?? revocationFault(found.revoked));
}

function depthOf(values: IngressValues): number {
  const asked = values.read('auth-tls-verify-depth', text => parseCount(text, 0, MOST_DEPTH));
  // 0 counts as absent there.
  return asked || DEFAULT_DEPTH;
}

/** @throws FormatError */
function parsePage(text: string): string {
  if (/^https?:\/\/[A-Za-z0-9\-._~/:,?&=%]+$/.test(text) && text.length <= LONGEST_PAGE && URL.canParse(text))
    return text;
  throw new FormatError(`${quote(text)} is no URL without variables: clients without a certificate get 400`);
}

function matchCn(values: IngressValues): readonly Policy[] {
  const pattern = values.require('auth-tls-match-cn', text => {
    if (!text.startsWith('CN=')) throw new FormatError(`${quote(text)} does not begin with CN=`);
    compilePattern(text);
    return text;
  });
  if (pattern === undefined) return [];
  const subject = [{ variable: 'ssl_client_s_dn' }];
  return [{ kind: 'return', status: 403, when: { subject, test: { pattern, ignoresCase: false }, isNegated: true } }];
}

/** A header that no value is known for goes: no client says it in our place. */
function headers(values: IngressValues): Policy {
  const told = (name: string, variable: string): HeaderEdit => ({ op: 'set', name, value: '', text: [{ variable }] });
  const passes = values.bool('auth-tls-pass-certificate-to-upstream', false);
  return {
    kind: 'request-headers',
    edits: [
      passes
        ? told('ssl-client-cert', 'ssl_client_escaped_cert')
        : { op: 'remove', name: 'ssl-client-cert', value: '' },
      told('ssl-client-verify', 'ssl_client_verify'),
      told('ssl-client-subject-dn', 'ssl_client_s_dn'),
      told('ssl-client-issuer-dn', 'ssl_client_i_dn'),
    ],
  };
}
