/** The commands' way to a controller: the same public API that every client uses. */
import { ECSClient } from '@aws-sdk/client-ecs';
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { defaultDataDir, ownAuthority, readClientSettings, regionOfEnvironment, type ClientSettings } from './client-settings.ts';

/** A controller's answer that it does not, or cannot, do what it was asked. */
export class ControllerRefusal extends Error {
  override readonly name = 'ControllerRefusal';
  /** Of HTTP. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * What the environment says to every AWS client counts here too; without it, this machine's controller. `endpoint`: in place of
 * the one that is found so.
 */
export const findClientSettings = (dataDir = defaultDataDir(), endpoint?: string): ClientSettings =>
  settingsOfEnvironment(dataDir, endpoint) ?? readClientSettings(dataDir, endpoint);

function settingsOfEnvironment(dataDir: string, endpoint: string | undefined): ClientSettings | undefined {
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_CA_BUNDLE } = process.env;
  const address = endpoint ?? AWS_ENDPOINT_URL;
  if (!address || !AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return undefined;
  const authorityFile = AWS_CA_BUNDLE || (endpoint && ownAuthority(dataDir));
  return {
    endpoint: address,
    region: regionOfEnvironment(),
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(authorityFile ? { authorityFile } : {}),
  };
}

const trusted = new Set<string>();

/** Whatever this process connects to from now on may show a certificate of that authority. */
export function trust(authorityFile: string): void {
  if (trusted.has(authorityFile)) return;
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(authorityFile, 'utf8')]);
  trusted.add(authorityFile);
}

export function createEcsClient({ endpoint, region, accessKeyId, secretAccessKey, authorityFile }: ClientSettings): ECSClient {
  if (authorityFile) trust(authorityFile);
  return new ECSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
}

export interface SignedCall {
  method: 'GET' | 'POST' | 'DELETE';
  /** `/-/…` */
  route: string;
  query?: Record<string, string>;
  body?: string;
}

/** A signed call of one of the routes that ECS has no operation for. Throws with the controller's message on a refusal. */
export async function signedCall(settings: ClientSettings, { method, route, query = {}, body }: SignedCall): Promise<Response> {
  const client = createEcsClient(settings);
  const url = new URL(route, settings.endpoint);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const signer = await client.config.signer({
    name: 'sigv4',
    signingName: 'ecs',
    signingRegion: settings.region,
    properties: {},
  });
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port) || undefined,
    path: url.pathname,
    query,
    headers: { host: url.host, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body,
  });
  client.destroy();
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
  if (!response.ok) {
    const message = refusalOf(await response.text()) ?? `${route} answered ${response.status}`;
    throw new ControllerRefusal(message, response.status);
  }
  return response;
}

function refusalOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
