import { expect, it } from 'vitest';
import { sniffContentType } from '../../src/fetch/content-sniff.js';

const bytes = (text: string) => Buffer.from(text, 'latin1');

it.each([
  ['image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
  ['image/gif', 'GIF89a\x01\0'],
  ['image/gif', 'GIF87a\x01\0'],
  ['image/webp', 'RIFF\x24\0\0\0WEBPVP8 '],
  ['image/avif', '\0\0\0\x20ftypavif'],
  ['application/pdf', '%PDF-1.7\n'],
  ['application/zip', 'PK\x03\x04'],
  ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  ['image/svg+xml', '<svg>'],
  ['image/svg+xml', '<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>'],
  ['image/svg+xml', '\xef\xbb\xbf \n<?xml version="1.0"?>\n<!-- a > b -->\n<svg '],
  ['image/svg+xml', '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://a/b.dtd">\n<svg '],
  ['image/svg+xml', '<?xml version="1.0"?><!DOCTYPE svg [ <!ENTITY a "b"> ]><!-- c --><svg\n'],
])('knows %s by %j', (type, text) => {
  expect(sniffContentType(bytes(text))).toBe(type);
});

it.each([
  '',
  '\x89PNG',
  'RIFF\x24\0\0\0WAVE',
  '<html><svg></svg></html>',
  '<!DOCTYPE html><svg>',
  '<svgfoo>',
  '<!-- <svg> ',
  '<?xml version="1.0"?>',
  'text <svg>',
  '{"a": 1}',
])('does not know %j', (text) => {
  expect(sniffContentType(bytes(text))).toBeUndefined();
});

it('reads no further than it says', () => {
  expect(sniffContentType(bytes(`<!--${' '.repeat(5000)}--><svg>`))).toBeUndefined();
});

it('reads a view at its own place', () => {
  const whole = bytes('....GIF89a');
  expect(sniffContentType(whole.subarray(4))).toBe('image/gif');
});
