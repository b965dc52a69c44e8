/**
 * Parses the cluster query language: recursive descent over the text itself, because what ends a word depends on where it
 * stands (a pattern may hold brackets, an argument of a list may not). Values are made ready for evaluation here: patterns
 * compiled, lists turned to sets, dates to milliseconds. Negative operators become `not` of the positive one.
 */
import type { Expression, ParsedExpression, Relation, Subject, Test } from './query-language.ts';
import { parseDate } from './value-order.ts';

/** Of a placement constraint's expression. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html */
const maximumLength = 2000;
/** Keeps recursion off the stack's end. */
const maximumDepth = 100;

type Operator = 'equals' | 'exists' | 'in' | 'matches' | Relation;

/** Longest first among those that begin alike. */
const operators: readonly { text: string; operator: Operator; negated: boolean }[] = [
  { text: 'not_equals', operator: 'equals', negated: true },
  { text: 'not_exists', operator: 'exists', negated: true },
  { text: 'not_matches', operator: 'matches', negated: true },
  { text: 'not_in', operator: 'in', negated: true },
  { text: '!exists', operator: 'exists', negated: true },
  { text: '!in', operator: 'in', negated: true },
  { text: '!=', operator: 'equals', negated: true },
  { text: '!~', operator: 'matches', negated: true },
  { text: 'equals', operator: 'equals', negated: false },
  { text: '==', operator: 'equals', negated: false },
  { text: 'exists', operator: 'exists', negated: false },
  { text: 'matches', operator: 'matches', negated: false },
  { text: '=~', operator: 'matches', negated: false },
  { text: 'in', operator: 'in', negated: false },
  { text: 'greater_than_equal', operator: '>=', negated: false },
  { text: 'greater_than', operator: '>', negated: false },
  { text: 'less_than_equal', operator: '<=', negated: false },
  { text: 'less_than', operator: '<', negated: false },
  { text: '>=', operator: '>=', negated: false },
  { text: '>', operator: '>', negated: false },
  { text: '<=', operator: '<=', negated: false },
  { text: '<', operator: '<', negated: false },
];

const anyOperator = new RegExp(operators.map(({ text }) => (/\w$/.test(text) ? `${text}\\b` : text)).join('|'), 'y');

const ordering: Operator[] = ['<', '<=', '>', '>='];
const operatorsOfSubject: Record<Subject['name'], readonly Operator[]> = {
  attribute: ['equals', 'in', 'matches', 'exists', ...ordering],
  agentConnected: ['equals', 'in', 'matches'],
  agentVersion: ['equals', ...ordering],
  ec2InstanceId: ['equals', 'in', 'matches'],
  registeredAt: ['equals', ...ordering],
  runningTasksCount: ['equals', ...ordering],
  'task:group': ['equals', 'in', 'matches', 'exists'],
};
const subjectsInWords =
  'attribute:<name>, agentConnected, agentVersion, ec2InstanceId, registeredAt, runningTasksCount or task:group';

/** `text` → an expression to evaluate, or where it is wrong and what was expected there. */
export function parseExpression(text: string): ParsedExpression {
  try {
    if (text.length > maximumLength) throw new Unexpected(maximumLength, `at most ${maximumLength} characters`);
    const source = new Source(text);
    const expression = parseDisjunction(source, 0);
    if (!source.isAtEnd()) throw source.unexpected('and, or, or the end of the expression');
    return { ok: true, expression };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    const { position, expected } = error;
    const found = position < text.length ? `found ${JSON.stringify(text.slice(position, position + 20))}` : 'found its end';
    return {
      ok: false,
      position,
      expected,
      message: `Expected ${expected} at position ${position} of the expression, ${found}.`,
    };
  }
}

class Unexpected extends Error {
  readonly position: number;
  readonly expected: string;

  constructor(position: number, expected: string) {
    super(expected);
    this.position = position;
    this.expected = expected;
  }
}

/** The text and how far it has been read. */
class Source {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  unexpected(expected: string, position = this.#position): Unexpected {
    return new Unexpected(position, expected);
  }

  get position(): number {
    return this.#position;
  }

  /** Reads what the (sticky) pattern matches here, and the blanks behind it. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return undefined;
    this.#position += found.length;
    this.#skipBlanks();
    return found;
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text.charAt(this.#position))) this.#position++;
  }
}

function parseDisjunction(source: Source, depth: number): Expression {
  let left = parseConjunction(source, depth);
  while (source.take(/\|\||or\b/iy)) left = { kind: 'or', left, right: parseConjunction(source, depth) };
  return left;
}

function parseConjunction(source: Source, depth: number): Expression {
  let left = parseNegation(source, depth);
  while (source.take(/&&|and\b/iy)) left = { kind: 'and', left, right: parseNegation(source, depth) };
  return left;
}

function parseNegation(source: Source, depth: number): Expression {
  if (depth > maximumDepth) throw source.unexpected(`at most ${maximumDepth} expressions within each other`);
  if (source.take(/!|not\b/iy)) return { kind: 'not', operand: parseNegation(source, depth + 1) };
  if (!source.take(/\(/y)) return parseCondition(source);
  const inner = parseDisjunction(source, depth + 1);
  if (!source.take(/\)/y)) throw source.unexpected('and, or, or )');
  return inner;
}

function parseCondition(source: Source): Expression {
  const subject = parseSubject(source);
  const { operator, negated } = parseOperator(source, subject);
  const condition: Expression = { kind: 'condition', subject, test: parseTest(source, subject, operator) };
  return negated ? { kind: 'not', operand: condition } : condition;
}

function parseSubject(source: Source): Subject {
  const { position } = source;
  const name = source.take(/[\w:./\\-]+/y) ?? '';
  if (name.startsWith('attribute:') && name.length > 'attribute:'.length) {
    return { name: 'attribute', attribute: name.slice('attribute:'.length) };
  }
  if (name !== 'attribute' && Object.hasOwn(operatorsOfSubject, name))
    return { name: name as Exclude<Subject['name'], 'attribute'> };
  throw source.unexpected(subjectsInWords, position);
}

function parseOperator(source: Source, subject: Subject): { operator: Operator; negated: boolean } {
  const { position } = source;
  const allowed = operators.filter(({ operator }) => operatorsOfSubject[subject.name].includes(operator));
  const read = source.take(anyOperator);
  const found = allowed.find(({ text }) => text === read);
  if (!found) throw source.unexpected(`an operator of ${subject.name} (${allowed.map(({ text }) => text).join(', ')})`, position);
  return found;
}

function parseTest(source: Source, subject: Subject, operator: Operator): Test {
  const { position } = source;
  switch (operator) {
    case 'exists':
      return { operator };
    case 'in':
      return { operator, values: parseList(source) };
    case 'matches':
      return { operator, pattern: compilePattern(source, parseValue(source), position) };
    case 'equals':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return parseComparison(source, subject, operator);
  }
}

function parseComparison(source: Source, subject: Subject, operator: Relation | 'equals'): Test {
  const { position } = source;
  const text = parseValue(source);
  if (subject.name === 'registeredAt' || subject.name === 'runningTasksCount') {
    const isDate = subject.name === 'registeredAt';
    const value = isDate ? parseDate(text) : /^\d+$/.test(text) ? Number(text) : undefined;
    if (value === undefined) {
      throw source.unexpected(isDate ? 'a date such as 2018-06-18 or 2018-06-18T22:28:28Z' : 'a number of tasks', position);
    }
    return { operator: 'number', relation: operator === 'equals' ? '==' : operator, value };
  }
  return operator === 'equals' ? { operator, value: text } : { operator: 'order', relation: operator, value: text };
}

const quoted = /'[^']*'|"[^"]*"/y;

/** A value that stands alone: in quotes, or up to a blank, a parenthesis, && or ||. */
function parseValue(source: Source): string {
  const inQuotes = source.take(quoted);
  if (inQuotes !== undefined) return inQuotes.slice(1, -1);
  const value = source.take(/(?:(?!&&|\|\|)[^\s()'"])+/y);
  if (value === undefined) throw source.unexpected('a value (in quotes if it holds blanks, parentheses or quotes)');
  return value;
}

function parseList(source: Source): Set<string> {
  if (!source.take(/\[/y)) throw source.unexpected('a list: [value, value]');
  const values = new Set<string>();
  for (;;) {
    const inQuotes = source.take(quoted);
    const value = inQuotes === undefined ? source.take(/[^\s,[\]()'"]+/y) : inQuotes.slice(1, -1);
    if (value === undefined) throw source.unexpected('a value');
    values.add(value);
    if (source.take(/\]/y)) return values;
    if (!source.take(/,/y)) throw source.unexpected(', or ]');
  }
}

/** Java's syntax and JavaScript's agree on what such patterns hold; as in Java's `matches`, the whole value must match. */
function compilePattern(source: Source, pattern: string, position: number): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    throw source.unexpected('a regular expression', position);
  }
}
