/**
 * ECS's cluster query language: what `memberOf` constraints and the `filter` of ListContainerInstances are written in.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 *
 *   expression = conjunction { ("or" | "||") conjunction }
 *   conjunction = negation { ("and" | "&&") negation }
 *   negation = ("not" | "!") negation | "(" expression ")" | condition
 *   condition = subject operator [ value | "[" value { "," value } "]" ]
 *
 * Where that page is silent: `!=`, `!in`, `!~` and `!exists` are the exact opposites of `==`, `in`, `=~` and `exists`, so that
 * they hold for an instance without the attribute; `task:group` holds if any task's group satisfies the operator; a pattern
 * must match the whole value (`g2.*`), and one with parentheses or blanks is put in quotes.
 */
import type { InstanceSnapshot } from './placement.ts';
import { orderOfValues, orderOfVersions } from './value-order.ts';

export { parseExpression } from './query-parser.ts';

/** What an expression can ask of a container instance. A snapshot of the scheduler has it all. */
export type InstanceFacts = Pick<
  InstanceSnapshot,
  'attributes' | 'connected' | 'agentVersion' | 'ec2InstanceId' | 'registeredAt' | 'runningTasks' | 'tasksByGroup'
>;

export type Expression =
  | { kind: 'or'; left: Expression; right: Expression }
  | { kind: 'and'; left: Expression; right: Expression }
  | { kind: 'not'; operand: Expression }
  | { kind: 'condition'; subject: Subject; test: Test };

export type Subject =
  | { name: 'attribute'; attribute: string }
  | { name: 'agentConnected' | 'agentVersion' | 'ec2InstanceId' | 'registeredAt' | 'runningTasksCount' | 'task:group' };

export type Test =
  | { operator: 'exists' }
  | { operator: 'equals'; value: string }
  | { operator: 'in'; values: ReadonlySet<string> }
  | { operator: 'matches'; pattern: RegExp }
  /** `registeredAt` (ms since the epoch) and `runningTasksCount`: numbers, equality included. */
  | { operator: 'number'; relation: Relation | '=='; value: number }
  /** Attributes and `agentVersion`: see value-order.ts. */
  | { operator: 'order'; relation: Relation; value: string };

export type Relation = '<' | '<=' | '>' | '>=';

export type ParsedExpression =
  | { ok: true; expression: Expression }
  /** `position`: of the character in the text, from 0. `message` says both in a sentence. */
  | { ok: false; position: number; expected: string; message: string };

export function evaluate(expression: Expression, instance: InstanceFacts): boolean {
  switch (expression.kind) {
    case 'or':
      return evaluate(expression.left, instance) || evaluate(expression.right, instance);
    case 'and':
      return evaluate(expression.left, instance) && evaluate(expression.right, instance);
    case 'not':
      return !evaluate(expression.operand, instance);
    case 'condition':
      return evaluateCondition(expression.subject, expression.test, instance);
  }
}

function evaluateCondition(subject: Subject, test: Test, instance: InstanceFacts): boolean {
  switch (subject.name) {
    case 'attribute': {
      if (test.operator === 'exists') return Object.hasOwn(instance.attributes, subject.attribute);
      const value = instance.attributes[subject.attribute];
      return typeof value === 'string' && satisfies(value, test);
    }
    case 'agentConnected':
      return satisfies(String(instance.connected), test);
    case 'agentVersion':
      return test.operator === 'order'
        ? holds(orderOfVersions(instance.agentVersion, test.value), test.relation)
        : satisfies(instance.agentVersion, test);
    case 'ec2InstanceId':
      return instance.ec2InstanceId !== undefined && satisfies(instance.ec2InstanceId, test);
    case 'registeredAt':
      return test.operator === 'number' && holds(instance.registeredAt - test.value, test.relation);
    case 'runningTasksCount':
      return test.operator === 'number' && holds(instance.runningTasks - test.value, test.relation);
    case 'task:group':
      return someGroup(instance.tasksByGroup, test);
  }
}

function someGroup(tasksByGroup: ReadonlyMap<string, number>, test: Test): boolean {
  if (test.operator === 'equals') return (tasksByGroup.get(test.value) ?? 0) > 0;
  for (const [group, tasks] of tasksByGroup) if (tasks > 0 && satisfies(group, test)) return true;
  return false;
}

function satisfies(value: string, test: Test): boolean {
  switch (test.operator) {
    case 'exists':
      return true;
    case 'equals':
      return value === test.value;
    case 'in':
      return test.values.has(value);
    case 'matches':
      return test.pattern.test(value);
    case 'number':
      return holds(Number(value) - test.value, test.relation);
    case 'order':
      return holds(orderOfValues(value, test.value), test.relation);
  }
}

function holds(difference: number, relation: Relation | '=='): boolean {
  switch (relation) {
    case '==':
      return difference === 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}
