/** What `mini-ecs token create` tells of a token that it made. */
import { parseJoinToken } from '@mini-ecs/shared';
import type { JoinTokenView } from './join-tokens.ts';

/** `token` is the whole of it. */
type NewJoinToken = JoinTokenView & { token: string };

/** For a person who reads it beside the token; without the secret, because terminals and logs keep what is written there. */
export function explainJoinToken({ id, cluster, expiresAt, uses, attributes, instance, token }: NewJoinToken): string {
  const rows = [
    ['secret', 'the third part of the token, told this once: only a hash of it is kept'],
    ['authority', `SHA-256 ${parseJoinToken(token)?.fingerprint ?? ''}; hosts join nobody else`],
    ['expires', expiresAt],
    ['uses', uses === 1 ? '1 host' : `${uses} hosts`],
    ['attributes', attributesText(attributes) || 'none that it fixes'],
    ...(instance === undefined ? [] : [['instance', `${instance} and no other`]]),
  ];
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(10)}  ${value}`);
  return [`Join token ${id} of cluster ${cluster}`, ...lines].join('\n');
}

/** The same for a program: the token whole and in its parts. */
export const describeJoinToken = (made: NewJoinToken): object => ({ ...made, ...parseJoinToken(made.token) });

/** `rack=r1 disk=ssd` */
export const attributesText = (attributes: Record<string, string>): string =>
  Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
