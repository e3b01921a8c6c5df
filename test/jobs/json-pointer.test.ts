import fc from 'fast-check';
import { expect, test } from 'vitest';
import { namesOf, pointerPart } from '../../src/protocol/json-pointer.js';

test('a pointer leads by the names that it was made of', () => {
  expect(pointerPart('a/b~c~1')).toBe('a~1b~0c~01');
  const name = fc.oneof(fc.string(), fc.stringMatching(/^[~/01]{1,6}$/));
  fc.assert(
    fc.property(fc.array(name), (names) => {
      expect(namesOf(names.map((each) => `/${pointerPart(each)}`).join(''))).toEqual(names);
    }),
  );
});
