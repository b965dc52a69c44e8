/**
 * What a client needs to reach a controller of this machine: the address from `endpoint.json`, which `mini-ecs controller` leaves
 * in its data directory, and the first access key from `credentials.json` beside it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export interface ClientSettings {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** PEM file of the authority that signed the endpoint's certificate; undefined: it speaks no TLS, or a public one did. */
  authorityFile?: string;
}

const endpointFile = (dataDir: string): string => path.join(dataDir, 'endpoint.json');
const credentialsFile = (dataDir: string): string => path.join(dataDir, 'credentials.json');
const authorityFileOf = (dataDir: string): string => path.join(dataDir, 'ca.pem');

/** Where the data directory is when nothing says otherwise. */
const usualDataDir = (): string => (process.getuid?.() === 0 ? '/var/lib/mini-ecs' : path.join(homedir(), '.mini-ecs'));

export const defaultDataDir = (): string => process.env['MINI_ECS_DATA_DIR'] || usualDataDir();

/** What `mini-ecs env` needs to be told in another terminal: nothing, or ` --data-dir …`. */
export const dataDirFlag = (dataDir: string): string =>
  dataDir === usualDataDir() ? '' : ` --data-dir ${quoteForShell(dataDir)}`;

/** Logs of `mini-ecs up`, and where no lab is possible its controller's data. */
export const quickstartDir = (dataDir: string): string => path.join(dataDir, 'quickstart');

/** What a running `mini-ecs up` says of itself. */
export interface QuickstartRecord {
  pid: number;
  /** Of its controller; undefined until it has one. */
  controllerDataDir?: string;
}

const quickstartFile = (dataDir: string): string => path.join(dataDir, 'quickstart.json');

export function readQuickstart(dataDir: string): QuickstartRecord | undefined {
  return existsSync(quickstartFile(dataDir)) ? readJson<QuickstartRecord>(quickstartFile(dataDir)) : undefined;
}

export function writeQuickstart(dataDir: string, record: QuickstartRecord): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeWhole(quickstartFile(dataDir), record);
}

export const removeQuickstart = (dataDir: string): void => rmSync(quickstartFile(dataDir), { force: true });

export function writeEndpoint(dataDir: string, endpoint: { endpoint: string; region: string }): void {
  writeWhole(endpointFile(dataDir), endpoint);
}

/** Leaves that of another controller, which shares the data directory and wrote it later. */
export function removeEndpoint(dataDir: string, endpoint: string): void {
  if (readEndpoint(dataDir)?.endpoint === endpoint) rmSync(endpointFile(dataDir), { force: true });
}

const readEndpoint = (dataDir: string): { endpoint: string; region: string } | undefined =>
  existsSync(endpointFile(dataDir)) ? readJson(endpointFile(dataDir)) : undefined;

/** The authority that the controllers of a data directory have; undefined: it has been none's. */
export const ownAuthority = (dataDir: string): string | undefined =>
  existsSync(authorityFileOf(dataDir)) ? path.resolve(authorityFileOf(dataDir)) : undefined;

export const regionOfEnvironment = (): string => process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || 'us-east-1';

/**
 * Of the quickstart if one runs in this data directory, else of its controller. `given`: another address of the same controllers, which
 * may serve when the one of this directory has stopped. Throws with what to do when there is none.
 */
export function readClientSettings(dataDir: string, given?: string): ClientSettings {
  const folders = [readQuickstart(dataDir)?.controllerDataDir ?? dataDir, dataDir];
  const needed = given === undefined ? endpointFile : credentialsFile;
  const found = folders.find((folder) => existsSync(needed(folder))) ?? (given && dataDir);
  if (!found) {
    throw new Error(
      `No controller has left its address in ${dataDir}. Start one with "mini-ecs up" or "mini-ecs controller"; if it uses another data directory, set MINI_ECS_DATA_DIR or --data-dir.`,
    );
  }
  const left = readEndpoint(found);
  const endpoint = given ?? left?.endpoint ?? '';
  const region = left?.region ?? regionOfEnvironment();
  if (!existsSync(credentialsFile(found))) {
    throw new Error(
      `${credentialsFile(found)} is missing: this controller's first access key was given to another one that shares its store. Give a key by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  const { accessKeyId, secretAccessKey } = readJson<{ accessKeyId: string; secretAccessKey: string }>(credentialsFile(found));
  const authority = endpoint.startsWith('https:') ? { authorityFile: path.resolve(authorityFileOf(found)) } : {};
  return { endpoint, region, accessKeyId, secretAccessKey, ...authority };
}

/** For `eval "$(mini-ecs env)"`. The AWS CLI and boto3 read only `AWS_DEFAULT_REGION`, the SDKs for JavaScript and Go only `AWS_REGION`; the SDK for JavaScript takes an authority from Node only. */
export function exportLine({ endpoint, region, accessKeyId, secretAccessKey, authorityFile }: ClientSettings): string {
  const variables = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...(authorityFile ? { AWS_CA_BUNDLE: authorityFile, NODE_EXTRA_CA_CERTS: authorityFile } : {}),
  };
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${quoteForShell(value)}`);
  return `export ${assignments.join(' ')}`;
}

const quoteForShell = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

/** A reader sees the file before or after, never half of it. */
function writeWhole(file: string, content: object): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, file);
}
