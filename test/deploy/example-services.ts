/** A manifest of one Service. */
export function service(name: string, path: string, clusterIP: string, port: number): string {
  return [
    'apiVersion: v1',
    'kind: Service',
    'metadata:',
    `  name: ${name}`,
    `  annotations: { kube-entry.io/path: ${path} }`,
    `spec: { clusterIP: ${clusterIP}, ports: [{ port: ${port} }] }`,
    '',
  ].join('\n');
}

/** The body of the answer; undefined when nobody listens or the answer is not 200. */
export async function whatAnswers(address: string, port: number, path = '/'): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address}:${port}${path}`, { headers: { connection: 'close' } });
    const body = await response.text();
    return response.status === 200 ? body : undefined;
  } catch {
    return undefined;
  }
}
