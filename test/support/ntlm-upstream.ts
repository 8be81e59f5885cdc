/** A backend that authenticates connections as NTLM does: who has logged in is known by the connection alone. */
import type { TestContext } from 'node:test';
import { answer, RawUpstream, type UpstreamConnection } from './raw-upstream.ts';

const CHALLENGE = 'TlRMTVNTUAACAAAA';

export class NtlmUpstream {
  readonly upstream: RawUpstream;

  private constructor(upstream: RawUpstream) {
    this.upstream = upstream;
  }

  /** @param scheme as it writes it @param line the header line that asks for a login; `SCHEME` stands for the scheme */
  static async start(t: TestContext, scheme = 'NTLM', line = 'WWW-Authenticate: SCHEME'): Promise<NtlmUpstream> {
    const users = new WeakMap<UpstreamConnection, string>();
    const challenged = new WeakSet<UpstreamConnection>();
    const demand = (parameter: string): string =>
      answer('who are you?', `${line.replace('SCHEME', scheme + parameter)}\r\n`, '401 Unauthorized');
    const upstream = await RawUpstream.start(t, async request => {
      await request.whole();
      const { connection } = request;
      const [, token = ''] = /^\S+ (\S+)$/.exec(request.header('authorization') ?? '') ?? [];
      if (token === 'type1') {
        challenged.add(connection);
        await connection.send(demand(` ${CHALLENGE}`));
        return;
      }
      const [, name] = /^type3-(\w+)$/.exec(token) ?? [];
      // Step three counts only on the connection of steps one and two.
      if (name !== undefined && challenged.has(connection)) users.set(connection, name);
      const user = users.get(connection);
      await connection.send(user === undefined ? demand('') : answer(`hello ${user}`));
    });
    return new NtlmUpstream(upstream);
  }
}

/** The three requests of a login, in order. */
export function login(target: string, scheme: string, user: string): string[] {
  const get = (authorization: string): string => `GET ${target} HTTP/1.1\r\nHost: test\r\n${authorization}\r\n`;
  return [get(''), get(`Authorization: ${scheme} type1\r\n`), get(`Authorization: ${scheme} type3-${user}\r\n`)];
}
