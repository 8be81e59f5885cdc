import { service, yamlOf } from '../support/services.ts';

/** A manifest of one Service. */
export function exampleService(name: string, path: string, host: string, port: number): string {
  return yamlOf([service(name, { address: { host, port }, annotations: { path } })]);
}

/** The body of the answer; undefined when nothing listens or the answer is not 200. */
export async function whatAnswers(address: string, port: number, path = '/'): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${address}:${port}${path}`, { headers: { connection: 'close' } });
    const body = await response.text();
    return response.status === 200 ? body : undefined;
  } catch {
    return undefined;
  }
}
