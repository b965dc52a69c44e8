/** The routes of join tokens and certificates, as the commands and the quickstart use them. */
import { signedCall } from './api-client.ts';
import type { ClientSettings } from './client-settings.ts';

export interface JoinTokenWishes {
  cluster?: string | undefined;
  /** @default 3600 */
  ttlSeconds?: number | undefined;
  /** @default 1 */
  uses?: number | undefined;
  /** Of every instance that joins with it. */
  attributes?: Record<string, string>;
  /** The only instance that may use it, which may have joined before. */
  instance?: string | undefined;
}

export interface JoinTokenView {
  id: string;
  cluster: string;
  status: 'VALID' | 'EXPIRED' | 'USED_UP';
  uses: number;
  usesLeft: number;
  expiresAt: string;
  instance?: string;
  attributes: Record<string, string>;
}

export interface CertificateView {
  cluster: string;
  instance: string;
  serial?: string;
  status: 'VALID' | 'EXPIRED' | 'REVOKED';
  expiresAt?: string;
  revokedAt?: string;
}

/** `token` is the whole of it, as hosts are given it: told this once. */
export async function createJoinToken(
  settings: ClientSettings,
  wishes: JoinTokenWishes,
): Promise<JoinTokenView & { token: string }> {
  const response = await signedCall(settings, { method: 'POST', route: '/-/tokens', body: JSON.stringify(wishes) });
  return (await response.json()) as JoinTokenView & { token: string };
}

export async function listJoinTokens(settings: ClientSettings, cluster: string): Promise<JoinTokenView[]> {
  const response = await signedCall(settings, { method: 'GET', route: '/-/tokens', query: { cluster } });
  return ((await response.json()) as { tokens: JoinTokenView[] }).tokens;
}

export async function revokeJoinToken(settings: ClientSettings, cluster: string, id: string): Promise<void> {
  await signedCall(settings, { method: 'DELETE', route: `/-/tokens/${encodeURIComponent(id)}`, query: { cluster } });
}

export async function listCertificates(settings: ClientSettings, cluster: string): Promise<CertificateView[]> {
  const response = await signedCall(settings, { method: 'GET', route: '/-/certificates', query: { cluster } });
  return ((await response.json()) as { certificates: CertificateView[] }).certificates;
}

/** `named`: an instance id, or the serial of one of its certificates. */
export async function revokeCertificate(settings: ClientSettings, cluster: string, named: string): Promise<CertificateView> {
  const route = `/-/certificates/${encodeURIComponent(named)}`;
  return (await (await signedCall(settings, { method: 'DELETE', route, query: { cluster } })).json()) as CertificateView;
}
