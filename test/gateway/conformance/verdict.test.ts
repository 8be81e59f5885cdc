import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failedTests, summary, verdicts } from './verdict.ts';

const OUTPUT = `=== RUN   TestConformance
    suite.go:389: 2026-11-29T00:46:51.895988038Z: Test Setup
=== RUN   TestConformance/HTTPRouteWeight
=== RUN   TestConformance/HTTPRouteMatching
    helpers.go:134: 2026-11-29T00:46:52.099211964Z: not yet
    helpers.go:134: 2026-11-29T00:46:52.199238908Z: not yet
=== PAUSE TestConformance/HTTPRouteMatching
=== NAME  TestConformance/HTTPRouteWeight
    weight.go:1: even
=== CONT  TestConformance/HTTPRouteMatching
        	Error:      	Received unexpected error:
        	            	timeout
--- FAIL: TestConformance (3.00s)
    --- PASS: TestConformance/HTTPRouteWeight (1.00s)
    --- FAIL: TestConformance/HTTPRouteMatching (2.00s)
FAIL
`;

describe('what the conformance suite prints', () => {
  it('names the tests that failed, with their own lines, each of those once', () => {
    assert.deepEqual(failedTests(OUTPUT), [
      {
        name: 'HTTPRouteMatching',
        lines: [
          '    helpers.go:134: not yet',
          '        	Error:      	Received unexpected error:',
          '        	            	timeout',
        ],
      },
    ]);
  });

  it('names the suite itself where no test of it ran', () => {
    const output = '=== RUN   TestConformance\n    no class\n--- FAIL: TestConformance (180.00s)\nFAIL\n';
    assert.deepEqual(failedTests(output), [{ name: 'the suite', lines: ['    no class'] }]);
  });
});

describe('the report of the conformance suite', () => {
  it('becomes a line for each profile', () => {
    const core = { statistics: { Passed: 36, Failed: 1, Skipped: 0 } };
    const profiles = [
      {
        name: 'GATEWAY-HTTP',
        core,
        extended: { statistics: { Passed: 2, Failed: 1 }, failedTests: ['HTTPRouteCORS'] },
      },
      { name: 'GATEWAY-TLS', core },
    ];
    assert.equal(
      summary(verdicts({ profiles })),
      'GATEWAY-HTTP: core 36 passed, 1 failed, 0 skipped; extended 2 passed, 1 failed HTTPRouteCORS, 0 skipped\n' +
        'GATEWAY-TLS: core 36 passed, 1 failed, 0 skipped; extended 0 passed, 0 failed, 0 skipped',
    );
  });

  it('may be missing', () => {
    assert.equal(summary(verdicts(undefined)), '');
  });
});
