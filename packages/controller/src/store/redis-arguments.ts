/** How the commands' ARGV is framed; commands/includes/arguments.lua reads it. */
import type { Expectation, Fields, NewTask, StopTask } from './store.ts';

export type Argument = string | number;

export const list = (items: readonly Argument[]): Argument[] => [items.length, ...items];

export const fieldList = (fields: Fields): Argument[] => list(Object.entries(fields).flat());

/** A count, then each item's arguments. */
export function each<T>(items: readonly T[], argumentsOf: (item: T) => Argument[]): Argument[] {
  const all: Argument[] = [items.length];
  for (const item of items) for (const argument of argumentsOf(item)) all.push(argument);
  return all;
}

export function expectation(expect: Expectation): Argument[] {
  if (typeof expect === 'string') return [expect, 0];
  return ['fields', ...list(Object.entries(expect).flatMap(([field, value]) => [field, value ?? '']))];
}

/** Groups of tasks whose fields are the same object: those of one RunTask are sent, and read, once. */
export function newTasks(tasks: readonly NewTask[]): Argument[] {
  const groups: { fields: Fields; ids: string[] }[] = [];
  for (const { id, fields } of tasks) {
    const last = groups.at(-1);
    if (last?.fields === fields) last.ids.push(id);
    else groups.push({ fields, ids: [id] });
  }
  return each(groups, ({ fields, ids }) => [...fieldList(fields), ...list(ids)]);
}

export const stops = (tasks: readonly StopTask[]): Argument[] =>
  each(tasks, ({ id, desired, observedIfUnplaced }) => [id, desired, observedIfUnplaced]);
