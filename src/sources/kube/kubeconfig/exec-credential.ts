/** What this program and a credential plugin tell each other: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */
import { FormatError } from '../../../errors.ts';
import { Fields } from './fields.ts';
import type { ExecConfig, KubeconfigCluster } from './kubeconfig.ts';

export interface PluginCredential {
  /** Empty: the certificate alone proves who asks. */
  readonly token: string;
  /** PEM; empty without a certificate. */
  readonly cert: string;
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * The value of `$KUBERNETES_EXEC_INFO`.
 * @param authorities PEM of the cluster's CA, wherever the kubeconfig keeps it
 */
export function execInfo(
  { apiVersion, provideClusterInfo }: ExecConfig,
  cluster: KubeconfigCluster,
  { authorities, isInteractive }: { readonly authorities: string; readonly isInteractive: boolean },
): string {
  const { server, tlsServerName, skipTlsVerify, proxyUrl, disableCompression, execConfig } = cluster;
  const info = {
    server,
    ...(tlsServerName !== '' && { 'tls-server-name': tlsServerName }),
    ...(skipTlsVerify && { 'insecure-skip-tls-verify': true }),
    ...(authorities !== '' && { 'certificate-authority-data': Buffer.from(authorities).toString('base64') }),
    ...(proxyUrl !== '' && { 'proxy-url': proxyUrl }),
    ...(disableCompression && { 'disable-compression': true }),
    // client-go writes null for an absent value.
    config: execConfig ?? null,
  };
  const spec = { ...(provideClusterInfo && { cluster: info }), interactive: isInteractive };
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec });
}

/** @throws FormatError that says what is wrong, and shows nothing of the answer: it holds secrets */
export function readExecCredential(output: string, apiVersion: string): PluginCredential {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    throw new FormatError('its output is not JSON');
  }
  const root = new Fields(value, '');
  if (root.text('kind') !== 'ExecCredential') throw new FormatError('its output is not an ExecCredential');
  if (root.text('apiVersion') !== apiVersion) {
    throw new FormatError(
      `it answered with apiVersion "${root.text('apiVersion')}", the kubeconfig wants ${apiVersion}`,
    );
  }
  if (!root.has('status')) throw new FormatError('its answer has no status');
  const status = root.object('status');
  const [token, cert, key] = [
    status.text('token').trim(),
    status.text('clientCertificateData'),
    status.text('clientKeyData'),
  ];
  if ((cert === '') !== (key === '')) throw new FormatError('it answered with a certificate or a key, not with both');
  if (token === '' && cert === '') throw new FormatError('it answered with neither a token nor a certificate');
  const expiration = status.text('expirationTimestamp');
  const expiresAt = expiration === '' ? Number.POSITIVE_INFINITY : Date.parse(expiration);
  if (Number.isNaN(expiresAt)) throw new FormatError('status.expirationTimestamp is not a time');
  return { token, cert, key, expiresAt };
}
