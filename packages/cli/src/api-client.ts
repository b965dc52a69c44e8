/** The commands' way to a controller: the same public API that every client uses. */
import { ECSClient } from '@aws-sdk/client-ecs';
import { defaultDataDir, readClientSettings, type ClientSettings } from './client-settings.ts';

/** What the environment says to every AWS client counts here too; without it, this machine's controller. */
export function findClientSettings(dataDir = defaultDataDir()): ClientSettings {
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  if (AWS_ENDPOINT_URL && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1';
    return { endpoint: AWS_ENDPOINT_URL, region, accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  }
  return readClientSettings(dataDir);
}

export const createEcsClient = ({ endpoint, region, accessKeyId, secretAccessKey }: ClientSettings): ECSClient =>
  new ECSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });

/** A signed GET of one of the routes that ECS has no operation for (`/-/…`). Throws with the controller's message on a refusal. */
export async function signedGet(settings: ClientSettings, route: string, query: Record<string, string>): Promise<Response> {
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
    method: 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port) || undefined,
    path: url.pathname,
    query,
    headers: { host: url.host },
  });
  client.destroy();
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(refusalOf(await response.text()) ?? `${route} answered ${response.status}`);
  return response;
}

function refusalOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
