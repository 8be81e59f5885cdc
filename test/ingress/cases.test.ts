/** The cases of cases/, each with a proxy of its own. */
import { describe, it } from 'node:test';
import { isRequest, readCases } from './case.ts';
import { IngressScene } from './scene.ts';

for (const [file, cases] of readCases()) {
  describe(`Ingresses: ${file}`, { concurrency: 4 }, () => {
    for (const one of cases) {
      it(one.name, async t => {
        const scene = await IngressScene.start(t, one);
        for (const step of one.requests) {
          if (isRequest(step)) await scene.check(step);
          else scene.change(step);
        }
      });
    }
  });
}
