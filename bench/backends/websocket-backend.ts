import { join } from 'node:path';
import { Program } from '../support/program.ts';

export function startWebSocketBackend(folder: string, port: number, cpus: string): Program {
  const command = [process.execPath, join(import.meta.dirname, 'websocket-echo.ts'), String(port)] as const;
  return new Program({ name: 'backend', command: [...command], cpus, folder });
}
