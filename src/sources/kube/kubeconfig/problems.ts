/** What client-go refuses of the cluster and the user that a context names; and what would not be safe. */
import { quote } from '../../../text/quote.ts';
import type { ExecConfig, KubeconfigCluster, KubeconfigUser } from './kubeconfig.ts';

const PROXY_SCHEMES = ['http:', 'https:', 'socks5:'];
const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'];

/** Empty when it can be used. */
export function clusterProblems(cluster: KubeconfigCluster): readonly string[] {
  const { place, server, skipTlsVerify, caFile, caData, proxyUrl } = cluster;
  const problems: string[] = [];
  const url = URL.parse(server);
  if (server === '') problems.push(`${place}.server is missing`);
  else if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    problems.push(
      `${place}.server ${quote(server)} must be a URL that begins with https://, as in "https://127.0.0.1:6443"`,
    );
  } else if (url.username !== '' || url.password !== '') {
    problems.push(`${place}.server must not hold a user name or password: those belong to the user of the context`);
  } else if (url.search !== '' || url.hash !== '') {
    problems.push(
      `${place}.server ${quote(server)} must end with a host or a path: what follows ? or # would hide what is asked`,
    );
  } else if (url.protocol === 'http:' && !skipTlsVerify) {
    problems.push(
      `${place}.server ${quote(server)} is not https: if that is meant, set insecure-skip-tls-verify on this cluster`,
    );
  }
  if (caFile !== '' && caData !== '') {
    problems.push(`${place} has both certificate-authority and certificate-authority-data: remove one`);
  }
  if (skipTlsVerify && (caFile !== '' || caData !== '')) {
    problems.push(`${place} has a certificate authority and insecure-skip-tls-verify, which ignores it: remove one`);
  }
  if (proxyUrl !== '' && !PROXY_SCHEMES.includes(URL.parse(proxyUrl)?.protocol ?? '')) {
    problems.push(`${place}.proxy-url must begin with http://, https:// or socks5://`);
  }
  return problems;
}

/** Empty when it can be used. */
export function userProblems(user: KubeconfigUser): readonly string[] {
  const { place, exec, authProvider, impersonation } = user;
  const problems: string[] = [];
  for (const [field, file, data] of [
    ['client-certificate', user.certFile, user.certData],
    ['client-key', user.keyFile, user.keyData],
  ] as const) {
    if (file !== '' && data !== '') problems.push(`${place} has both ${field} and ${field}-data: remove one`);
  }
  if (hasCertificate(user) && user.keyFile === '' && user.keyData === '') {
    problems.push(`${place} has a client certificate without client-key or client-key-data`);
  }
  if (user.token !== '' && (user.username !== '' || user.password !== '')) {
    problems.push(`${place} has both a token and a user name: only one of them can be sent, remove the other`);
  }
  if (exec !== undefined) problems.push(...execProblems(exec, `${place}.exec`));
  if (exec !== undefined && authProvider !== undefined) {
    problems.push(`${place} has both exec and auth-provider: remove one`);
  }
  if (authProvider !== undefined && authProvider.name !== 'oidc') {
    problems.push(
      `${place}.auth-provider ${quote(authProvider.name)} is not supported, as Kubernetes no longer does: use an exec plugin`,
    );
  }
  const { user: as, uid, groups, extra } = impersonation;
  if (as === '' && (uid !== '' || groups.length > 0 || extra.length > 0)) {
    problems.push(`${place} has as-uid, as-groups or as-user-extra without as: say which user they belong to`);
  }
  return problems;
}

export function hasCertificate({ certFile, certData }: KubeconfigUser): boolean {
  return certFile !== '' || certData !== '';
}

function execProblems(exec: ExecConfig, place: string): string[] {
  const problems: string[] = [];
  if (exec.command === '') problems.push(`${place}.command is missing`);
  if (!EXEC_VERSIONS.includes(exec.apiVersion)) {
    problems.push(`${place}.apiVersion ${quote(exec.apiVersion)} must be ${EXEC_VERSIONS.join(' or ')}`);
  }
  if (!INTERACTIVE_MODES.includes(exec.interactiveMode)) {
    problems.push(`${place}.interactiveMode ${quote(exec.interactiveMode)} must be ${INTERACTIVE_MODES.join(', ')}`);
  }
  if (exec.env.some(({ name }) => name === '')) problems.push(`${place}.env has a variable without a name`);
  return problems;
}
