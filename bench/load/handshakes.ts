import { once } from 'node:events';
import { connect, type SecureVersion } from 'node:tls';
import { BenchError } from '../support/bench-error.ts';

const TIMEOUT_MS = 60_000;

/**
 * Makes a full handshake for each name, one after the other, each on a connection of its own that is closed behind it.
 * @param certified the name that each certificate has to bear
 * @returns microseconds from the connection to the end of each handshake, in the order of the names
 * @throws BenchError when one fails, or brings another certificate
 */
export async function handshakeEach(
  port: number,
  names: readonly string[],
  certified: (name: string) => string,
): Promise<number[]> {
  const took: number[] = [];
  for (const name of names) took.push(await handshake(port, name, certified(name)));
  return took;
}

function handshake(port: number, name: string, certified: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let connectedAt = 0;
    const socket = connect({ host: '127.0.0.1', port, servername: name, rejectUnauthorized: false });
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new BenchError(`the handshake for ${name} ${reason}`));
    };
    socket.setTimeout(TIMEOUT_MS, () => fail('took too long'));
    socket.once('error', error => fail(`failed: ${error.message}`));
    socket.once('connect', () => {
      connectedAt = performance.now();
    });
    socket.once('secureConnect', () => {
      const micros = (performance.now() - connectedAt) * 1000;
      const { subjectaltname = '' } = socket.getPeerCertificate();
      if (!subjectaltname.split(', ').includes(`DNS:${certified}`)) {
        fail(`brought a certificate for ${subjectaltname}`);
        return;
      }
      socket.destroy();
      resolve(micros);
    });
  });
}

/** @returns whether a second connection goes on with the session of the first */
export async function resumes(port: number, version: SecureVersion): Promise<boolean> {
  const options = { host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: version, maxVersion: version };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const first = connect(options);
  // The ticket of TLS 1.3 comes behind the handshake.
  const [session] = (await once(first, 'session', { signal })) as [Buffer];
  first.destroy();
  const second = connect({ ...options, session });
  await once(second, 'secureConnect', { signal });
  const isResumed = second.isSessionReused();
  second.destroy();
  return isResumed;
}
