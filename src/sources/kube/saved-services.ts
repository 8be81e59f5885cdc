import type { AccessSettings } from './access.ts';
import { KubeClient, type KubeClientOptions } from './client.ts';
import type { ServiceSelection } from './collections.ts';
import { originOf } from './origin.ts';
import { StateFile } from './state-file.ts';
import { decodeState, type SavedState } from './state-format.ts';

/**
 * What a running instance has kept in its state file, for when the API server cannot be asked.
 * @returns undefined when there is no file
 * @throws KubeError when it must not be used
 */
export async function readSavedServices(
  settings: AccessSettings & ServiceSelection & { readonly stateFile: string },
  options: KubeClientOptions = {},
): Promise<(SavedState & { readonly confirmedAt: number }) | undefined> {
  const stored = await new StateFile(settings.stateFile).read();
  if (stored === undefined) return undefined;
  const client = new KubeClient(settings, options);
  try {
    const state = decodeState(stored.content, originOf(await client.cluster(), settings));
    return { ...state, confirmedAt: stored.confirmedAt };
  } finally {
    await client.close();
  }
}
