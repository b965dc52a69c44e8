/**
 * Placement constraints and strategies as RunTask and the services take them, checked when they are given, so that a typing
 * error is the caller's and not a task that waits for ever.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
 */
import type { PlacementConstraint, PlacementStrategy } from '@aws-sdk/client-ecs';
import type { TaskDefinition } from '../domain/task-definition.ts';
import { parseExpression, type Expression } from '../scheduler/query-language.ts';
import { ApiError } from './api-error.ts';
import { list, members, oneOf, text } from './limits.ts';
import { quote } from './references.ts';

const mostConstraints = 10;
const mostStrategies = 5;

export const placementConstraintsCheck = list<PlacementConstraint>({
  most: mostConstraints,
  each: members<PlacementConstraint>({ type: oneOf(['distinctInstance', 'memberOf']), expression: text({ most: 2000 }) }),
});

export const placementStrategyCheck = list<PlacementStrategy>({
  most: mostStrategies,
  each: members<PlacementStrategy>({ type: oneOf(['random', 'spread', 'binpack']) }),
});

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** The constraints, complete and parsable. Throws InvalidParameterException. */
export function placementConstraintsOf(constraints: readonly PlacementConstraint[] | undefined): PlacementConstraint[] {
  return (constraints ?? []).map(({ type, expression }) => {
    if (type === undefined) throw invalid('A placement constraint needs a type: distinctInstance or memberOf.');
    if (type === 'memberOf') return { type, expression: checkedExpression(expression) };
    if (expression) throw invalid('A distinctInstance placement constraint takes no expression.');
    return { type };
  });
}

function checkedExpression(expression: string | undefined): string {
  if (!expression) throw invalid('A memberOf placement constraint needs an expression.');
  queryOf(expression);
  return expression;
}

/** Throws InvalidParameterException for what is no cluster query language. */
export function queryOf(text: string): Expression {
  const parsed = parseExpression(text);
  if (!parsed.ok) throw invalid(`Invalid cluster query language expression ${quote(text)}: ${parsed.message}`);
  return parsed.expression;
}

/** The strategies, complete; an empty one (`{}`, how UpdateService removes them) is left out. Throws InvalidParameterException. */
export const placementStrategyOf = (strategies: readonly PlacementStrategy[] | undefined): PlacementStrategy[] =>
  (strategies ?? []).filter(({ type, field }) => type !== undefined || field !== undefined).map(checkedStrategy);

function checkedStrategy({ type, field }: PlacementStrategy): PlacementStrategy {
  switch (type) {
    case 'random':
      if (field) throw invalid('The random placement strategy takes no field.');
      return { type };
    case 'binpack':
      if (field === undefined || !/^(cpu|memory)$/i.test(field)) {
        throw invalid(`The binpack placement strategy needs the field cpu or memory${field ? `, not ${quote(field)}` : ''}.`);
      }
      return { type, field: field.toLowerCase() };
    case 'spread':
      if (field === undefined || !/^(instanceId|host|attribute:.{1,128})$/i.test(field)) {
        throw invalid(
          `The spread placement strategy needs the field instanceId, host or attribute:<name>${field ? `, not ${quote(field)}` : ''}.`,
        );
      }
      return { type, field };
    case undefined:
      throw invalid('A placement strategy needs a type: random, spread or binpack.');
  }
}

/** A task's constraints are those of its definition and those of the call: at most 10 together. */
export function withDefinitionConstraints(
  definition: TaskDefinition,
  constraints: readonly PlacementConstraint[],
): PlacementConstraint[] {
  const all = [...(definition.spec.request.placementConstraints ?? []), ...constraints];
  if (all.length > mostConstraints) {
    throw invalid(
      `A task can have at most ${mostConstraints} placement constraints, with those of its task definition; these are ${all.length}.`,
    );
  }
  return all;
}
