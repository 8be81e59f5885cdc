/** A thread that checks passwords, one after the other: each may take a second, which the loop of a worker has not. */
import { parentPort } from 'node:worker_threads';
import { isPasswordOf } from './verify-password.ts';

export interface HashQuestion {
  readonly password: string;
  readonly hash: string;
}

parentPort?.on('message', ({ password, hash }: HashQuestion) => {
  parentPort?.postMessage(isPasswordOf(password, hash));
});
