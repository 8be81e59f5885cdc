import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HAS_TLS_HANDLES } from '../../../../src/dataplane/transport/tls/tls-handle.ts';

test("this Node's TLS handle is the known one, so that TLS can be served", () => {
  assert.equal(HAS_TLS_HANDLES, true);
});
