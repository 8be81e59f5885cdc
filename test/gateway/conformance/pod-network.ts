/**
 * A network of pods inside the network of the tests: each pod has a network namespace of its own, which a pair of virtual
 * Ethernet devices joins to this process's. So every pod has all ports of an address that nobody else has.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { pathOf } from '../../support/installed.ts';

/** This side of all pairs. The nodes have this address, too. */
export const HOST_ADDRESS = '10.244.0.1';
const PODS_OF_A_BLOCK = 250;

const ip = (...args: readonly string[]) => promisify(execFile)(pathOf('ip'), args);

/** Addresses are never used twice. */
export class PodNetwork {
  #pods = 0;

  /** Joins the network namespace of a process. @returns its address, and what the pod does to have it, as arguments of `ip` */
  async join(pid: number): Promise<{ readonly address: string; readonly setUp: readonly string[] }> {
    this.#pods += 1;
    const [block, place] = [1 + Math.floor(this.#pods / PODS_OF_A_BLOCK), 1 + (this.#pods % PODS_OF_A_BLOCK)];
    const address = `10.244.${block}.${place}`;
    const device = `pod${this.#pods}`;
    await ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
    await ip('address', 'add', `${HOST_ADDRESS}/32`, 'dev', device);
    await ip('link', 'set', device, 'up');
    await ip('route', 'add', `${address}/32`, 'dev', device, 'src', HOST_ADDRESS);
    const setUp = [
      'link set lo up',
      `address add ${address}/32 dev eth0`,
      'link set eth0 up',
      `route add ${HOST_ADDRESS}/32 dev eth0`,
      `route add default via ${HOST_ADDRESS}`,
    ];
    return { address, setUp };
  }
}
