/**
 * Preloaded into a program with `--import`: the function $THROW_IN of the module whose URL ends in $THROW_MODULE throws when an
 * argument, as JSON, holds $THROW_FOR, as a bug of its own would.
 */
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const { THROW_MODULE: wanted = '', THROW_IN: name = '', THROW_FOR: text = '' } = process.env;

if (isMainThread) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(wanted)) return loaded;
      const source = String(loaded.source);
      const start = new RegExp(`(?:function |^  )${name}\\([^{]*\\{\\n`, 'm');
      if (!start.test(source)) throw new Error(`${url} has no function ${name}`);
      const guard = `if (JSON.stringify([...arguments]).includes(${JSON.stringify(text)})) throw new Error('a bug');\n`;
      return { ...loaded, source: source.replace(start, found => found + guard) };
    },
  });
}
