import type { Settings } from '../settings/schema.ts';
import type { Engine, EngineContext } from './engine.ts';

/** Makes the data plane's HTTP implementation. Each is loaded only where it is used. */
export async function createEngine(name: Settings['engine'], context: EngineContext): Promise<Engine> {
  switch (name) {
    case 'wire': {
      const { WireEngine } = await import('./wire/engine.ts');
      return new WireEngine(context);
    }
    case 'node': {
      const { NodeEngine } = await import('./node/engine.ts');
      return new NodeEngine(context);
    }
  }
}
