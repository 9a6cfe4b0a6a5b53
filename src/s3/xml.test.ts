import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../model/refusal.js';
import { childText, expectRoot, readXml, requiredText } from './xml-read.js';
import { nameWriter, xml, xmlDocument } from './xml-write.js';

const read = (text: string) => readXml(Buffer.from(text));

describe('reading XML', () => {
  it('gives elements with their text, without name space prefixes', () => {
    const root = read(
      '<?xml version="1.0"?><s:Delete xmlns:s="u"><s:Object><Key>a&amp;b<![CDATA[<c>]]></Key></s:Object><Quiet>true</Quiet></s:Delete>',
    );
    expect(expectRoot(root, 'Delete').children.map((child) => child.name)).toEqual(['Object', 'Quiet']);
    expect(requiredText(root.children[0]!, 'Key')).toBe('a&b<c>');
    expect(childText(root, 'Nothing')).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['no XML', 'hello'],
    ['an open element', '<a><b></a>'],
    ['two roots', '<a/><b/>'],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an unknown entity', '<a>&x;</a>'],
    ['depth', '<a>'.repeat(1000) + '</a>'.repeat(1000)],
    ['a reference to a forbidden character', '<a>&#0;</a>'],
  ])('refuses %s', (_what, text) => {
    expect(() => read(text)).toThrow(Refusal);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => readXml(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toThrow('UTF-8');
  });

  it('gets through a million numeric references in bounded time', () => {
    expect(read(`<a>${'&#65;'.repeat(200_000)}</a>`).text).toHaveLength(200_000);
  });

  it('takes names of the prototype for plain names', () => {
    const root = read('<__proto__><constructor>x</constructor></__proto__>');
    expect(root.name).toBe('__proto__');
    expect(childText(root, 'constructor')).toBe('x');
    expect(childText(root, 'toString')).toBeNull();
  });

  it('refuses an element that stands twice where one is meant', () => {
    expect(() => childText(read('<a><b/><b/></a>'), 'b')).toThrow('only once');
  });
});

describe('writing XML', () => {
  it('escapes values and keeps fragments', () => {
    const inner = xml`<Key>${'a<b>&"\r\n'}</Key>`;
    expect(String(xml`<A>${inner}${[inner]}${null}${7}${true}</A>`)).toBe(
      `<A>${'<Key>a&lt;b&gt;&amp;&quot;&#13;&#10;</Key>'.repeat(2)}7true</A>`,
    );
  });

  it('comes back the same for all text that XML can hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(readXml(xmlDocument('R', xml`<T>${text}</T>`)).children[0]!.text).toBe(text);
      }),
    );
  });

  it('encodes names on demand so that a client gets them back', () => {
    const name = 'a b+c/ü(1)*\u0001';
    expect(nameWriter('url')(name)).toBe('a%20b%2Bc/%C3%BC%281%29%2A%01');
    expect(nameWriter(null)(name)).toBe(name);
  });
});
