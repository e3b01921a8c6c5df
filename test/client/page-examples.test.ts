import { expect, test } from 'vitest';
import { examples } from '../../client/page/examples.js';
import { documentKind } from '../../src/render/kinds/document/request.js';

test.each(examples)('the example $name of the live page is one', ({ name, text }) => {
  const { timeout: _timeout, max_attempts: _attempts, group: _group, ...request } = JSON.parse(text());
  const parsed = documentKind.parse(request);
  expect(parsed.ok ? 0 : parsed.issues.length).toBe(name === 'With mistakes' ? 4 : 0);
});
