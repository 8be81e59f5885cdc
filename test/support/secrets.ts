/** Secrets for tests, as objects of the API. */

export interface SecretManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
  };
  readonly type: string;
  /** In base64. */
  readonly data: Readonly<Record<string, string>>;
}

/** @param texts by key, as they are before base64 */
export function secret(
  name: string,
  texts: Readonly<Record<string, string>>,
  { namespace = 'default', type = 'Opaque' } = {},
): SecretManifest {
  const encoded = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, type, data: Object.fromEntries(encoded) };
}

/** As `kubectl create secret tls` and cert-manager make them. */
export function tlsSecret(
  name: string,
  { cert, key }: { readonly cert: string; readonly key: string },
  { namespace = 'default', ca = '' } = {},
): SecretManifest {
  const texts = { 'tls.crt': cert, 'tls.key': key, ...(ca !== '' && { 'ca.crt': ca }) };
  return secret(name, texts, { namespace, type: 'kubernetes.io/tls' });
}
