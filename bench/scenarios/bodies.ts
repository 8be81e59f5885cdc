/** Bodies up and down. */
import { MIB, PATHS } from '../backends/http-backend.ts';
import { checkDownload, checkUpload } from './checks.ts';
import { wrkScenario } from './wrk-scenario.ts';

const POST_BYTES = 16 * 1024;

export const post16k = wrkScenario({
  name: 'post-16k',
  title: 'POST of 16 KiB, 64 connections',
  path: PATHS.sink,
  connections: 64,
  method: 'POST',
  bodyBytes: POST_BYTES,
  check: target => checkUpload(target, POST_BYTES),
});

// One request is one MiB: what is counted per request is counted per MiB.

export const download = wrkScenario({
  name: 'download-1m',
  title: 'Download of 1 MiB, 16 connections',
  path: PATHS.large,
  unit: 'MiB',
  connections: 16,
  check: target => checkDownload(target, MIB),
});

export const upload = wrkScenario({
  name: 'upload-1m',
  title: 'Upload of 1 MiB, 16 connections',
  path: PATHS.sink,
  unit: 'MiB',
  connections: 16,
  method: 'POST',
  bodyBytes: MIB,
  check: target => checkUpload(target, MIB),
});
