import { SaxesParser } from 'saxes';
import { Refusal } from '../model/refusal.js';

/** An element of a request body; name spaces and attributes carry nothing that S3 requests need. */
export interface XmlElement {
  name: string;
  /** The text directly inside. */
  text: string;
  children: XmlElement[];
}

const DEPTH_MAX = 16;
/** 10,000 parts with eight elements each, and room. */
const ELEMENTS_MAX = 100_000;

/**
 * Reads a request body. Refuses (`xml-malformed`) what is not well-formed, any DOCTYPE, and what is too deep or has too
 * many elements; its size was bounded while it was read from the socket.
 */
export function readXml(body: Buffer): XmlElement {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const open: XmlElement[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  parser.on('error', (error) => {
    throw new Refusal('xml-malformed', `The XML is not well-formed: ${error.message.slice(0, 200)}`);
  });
  parser.on('doctype', () => {
    throw new Refusal('xml-malformed', 'A document type declaration is not accepted.');
  });
  parser.on('opentag', (tag) => {
    elements += 1;
    if (open.length >= DEPTH_MAX || elements > ELEMENTS_MAX) throw new Refusal('xml-malformed', 'The XML is too deep or too long.');
    const colon = tag.name.indexOf(':');
    const element = { name: colon < 0 ? tag.name : tag.name.slice(colon + 1), text: '', children: [] };
    const parent = open.at(-1);
    if (parent) parent.children.push(element);
    else root = element;
    open.push(element);
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(utf8(body)).close();
  if (root === null) throw new Refusal('xml-malformed');
  return root;
}

function utf8(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new Refusal('xml-malformed', 'The XML is not UTF-8.');
  }
}

/** The root, when it has this name. */
export function expectRoot(root: XmlElement, name: string): XmlElement {
  if (root.name !== name) throw new Refusal('xml-malformed', `The root element must be ${name}.`);
  return root;
}

/** The text of the one child of this name, or null when there is none; two of them are refused. */
export function childText(element: XmlElement, name: string): string | null {
  let found: XmlElement | null = null;
  for (const child of element.children) {
    if (child.name !== name) continue;
    if (found) throw new Refusal('xml-malformed', `${name} may stand only once.`);
    found = child;
  }
  return found === null ? null : found.text;
}

export function requiredText(element: XmlElement, name: string): string {
  const text = childText(element, name);
  if (text === null || text === '') throw new Refusal('xml-malformed', `${name} is missing.`);
  return text;
}
