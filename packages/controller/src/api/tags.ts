/**
 * Tags ⇄ `[{key, value}]`, and ECS's rules for them.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html#tag-restrictions
 */
import type { Tag } from '@aws-sdk/client-ecs';
import type { Tags } from '../domain/tag.ts';
import { ApiError } from './api-error.ts';
import { quote } from './references.ts';

const mostTags = 50;
const longestKey = 128;
const longestValue = 256;
/** Letters, spaces and numbers that UTF-8 can represent, and `+ - = . _ : / @`. */
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

/** Tags of a request, checked. Throws InvalidParameterException. */
export function tagsOf(tags: readonly Tag[] | undefined): Tags {
  const pairs = (tags ?? []).map(({ key, value }, index): [string, string] => {
    checkTagKey(key, `tags[${index}].key`);
    return [key ?? '', checkedValue(value ?? '', `tags[${index}].value`)];
  });
  const keys = new Set(pairs.map(([key]) => key));
  if (keys.size !== pairs.length) throw invalid('Duplicate tag keys found. Each key can have one value.');
  return withinLimit(Object.fromEntries(pairs));
}

/** `added` win over `tags`. Throws InvalidParameterException when that is more than a resource can have. */
export const mergeTags = (tags: Tags, added: Tags): Tags => withinLimit({ ...tags, ...added });

export const withoutTags = (tags: Tags, keys: readonly string[]): Tags =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));

export const renderTags = (tags: Tags): Tag[] => Object.entries(tags).map(([key, value]) => ({ key, value }));

/** Keys of UntagResource. */
export const checkTagKeys = (keys: readonly string[]): void => {
  for (const [index, key] of keys.entries()) checkTagKey(key, `tagKeys[${index}]`);
};

function checkTagKey(key: string | undefined, path: string): void {
  if (key === undefined || key === '') throw invalid(`${path} must not be empty.`);
  if (key.length > longestKey) throw invalid(`${path} is ${key.length} characters long; the longest tag key is ${longestKey}.`);
  if (!tagText.test(key)) throw invalid(`${path} ${quote(key)} has a character that tags cannot have.`);
  if (/^aws:/i.test(key)) throw invalid(`${path} ${quote(key)}: the prefix aws: is reserved for AWS use.`);
}

function checkedValue(value: string, path: string): string {
  if (value.length > longestValue) {
    throw invalid(`${path} is ${value.length} characters long; the longest tag value is ${longestValue}.`);
  }
  if (!tagText.test(value)) throw invalid(`${path} ${quote(value)} has a character that tags cannot have.`);
  return value;
}

function withinLimit(tags: Tags): Tags {
  const own = Object.keys(tags).filter((key) => !key.startsWith('aws:')).length;
  if (own > mostTags) throw invalid(`A resource can have at most ${mostTags} tags; these are ${own}.`);
  return tags;
}
