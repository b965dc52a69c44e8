/**
 * Checks that the SDK's schemas do not hold: enums, lengths, ranges, patterns. A small table stands beside each operation:
 *
 *   const checkCreateCluster = limits<CreateClusterRequest>({
 *     clusterName: text({ most: 255, pattern: /^[a-zA-Z0-9_-]+$/, rule: 'letters, numbers, hyphens and underscores' }),
 *     settings: list({ each: members<ClusterSetting>({ name: oneOf(Object.values(ClusterSettingName)) }) }),
 *   });
 *   …
 *   checkCreateCluster(input);
 *
 * Members that are not there are not checked (required ones were, by api/input.ts). The words are those in which AWS
 * services tell a failed constraint; the error is InvalidParameterException unless the table says ClientException.
 */
import type { ApiErrorCode } from './api-error.ts';
import { ApiError } from './api-error.ts';
import { quote } from './references.ts';

/** What is wrong, and where; undefined: nothing. */
interface Violation {
  path: string;
  value: unknown;
  constraint: string;
}

export type Check<T> = (value: T, path: string) => Violation | undefined;

type MemberChecks<T> = { [K in keyof T]?: Check<NonNullable<T[K]>> };

/** Throws for the first member of `input` that breaks its check. */
export function limits<T extends object>(
  checks: MemberChecks<T>,
  code: Extract<ApiErrorCode, 'InvalidParameterException' | 'ClientException'> = 'InvalidParameterException',
): (input: T) => void {
  const check = members<T>(checks);
  return (input) => {
    const violation = check(input, '');
    if (!violation) return;
    const { path, value, constraint } = violation;
    const shown = typeof value === 'string' ? quote(value).replaceAll('"', "'") : quote(JSON.stringify(value)).slice(1, -1);
    throw new ApiError(
      code,
      `1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: Member must ${constraint}`,
    );
  };
}

/** The members of a structure, in the order of the table. */
export function members<T extends object>(checks: MemberChecks<T>): Check<T> {
  const entries = Object.entries(checks) as [keyof T & string, Check<unknown>][];
  return (value, path) => {
    for (const [name, check] of entries) {
      const member: unknown = value[name];
      if (member === undefined || member === null) continue;
      const violation = check(member, path === '' ? name : `${path}.${name}`);
      if (violation) return violation;
    }
    return undefined;
  };
}

export const oneOf =
  (values: readonly string[]): Check<string> =>
  (value, path) =>
    values.includes(value) ? undefined : { path, value, constraint: `satisfy enum value set: [${values.join(', ')}]` };

/** Lengths in characters, inclusive. `rule` says in words what the pattern means. */
export const text =
  ({
    least = 0,
    most = Infinity,
    pattern,
    rule,
  }: {
    least?: number;
    most?: number;
    pattern?: RegExp;
    rule?: string;
  }): Check<string> =>
  (value, path) => {
    if (value.length < least) return { path, value, constraint: `have length greater than or equal to ${least}` };
    if (value.length > most) return { path, value, constraint: `have length less than or equal to ${most}` };
    if (pattern && !pattern.test(value)) {
      return { path, value, constraint: rule ? `consist of ${rule}` : `satisfy regular expression pattern: ${pattern.source}` };
    }
    return undefined;
  };

/** Inclusive. */
export const range =
  (least: number, most: number): Check<number> =>
  (value, path) => {
    if (value < least) return { path, value, constraint: `have value greater than or equal to ${least}` };
    if (value > most) return { path, value, constraint: `have value less than or equal to ${most}` };
    return undefined;
  };

export const list =
  <T>({ least = 0, most = Infinity, each }: { least?: number; most?: number; each?: Check<T> }): Check<readonly T[]> =>
  (value, path) => {
    if (value.length < least || value.length > most) {
      const bound = value.length < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`;
      return { path, value: `${value.length} items`, constraint: `have length ${bound}` };
    }
    if (!each) return undefined;
    for (const [index, item] of value.entries()) {
      const violation = each(item, `${path}[${index}]`);
      if (violation) return violation;
    }
    return undefined;
  };
