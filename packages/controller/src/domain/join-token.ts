/** What a controller knows of a join token: all but its secret, of which it keeps a hash that only the store compares. */
export interface JoinTokenRecord {
  id: string;
  /** The one that it lets hosts join. */
  cluster: string;
  /** How often it could be used at first. */
  uses: number;
  usesLeft: number;
  /** ms since the epoch */
  createdAt: number;
  expiresAt: number;
  /** The only instance that may use it, which then may have been enrolled before; undefined: any new one. */
  instance: string | undefined;
  /** Of every instance that joins with it, whatever its agent says. */
  attributes: Record<string, string>;
}

export type JoinTokenStatus = 'VALID' | 'EXPIRED' | 'USED_UP';

export function joinTokenStatus(token: Pick<JoinTokenRecord, 'usesLeft' | 'expiresAt'>, now: number): JoinTokenStatus {
  if (token.expiresAt <= now) return 'EXPIRED';
  return token.usesLeft > 0 ? 'VALID' : 'USED_UP';
}
