import test from 'ava';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exportLine, readClientSettings, removeEndpoint, writeEndpoint } from './client-settings.ts';

function aDataDir(t: { teardown(fn: () => void): void }, endpoint: string): string {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'mini-ecs-settings-'));
  t.teardown(() => rmSync(dataDir, { recursive: true }));
  writeFileSync(path.join(dataDir, 'endpoint.json'), JSON.stringify({ endpoint, region: 'eu-west-1' }));
  writeFileSync(path.join(dataDir, 'credentials.json'), JSON.stringify({ accessKeyId: 'AKID', secretAccessKey: 's' }));
  return dataDir;
}

test('in clear on loopback a client needs an address, a key and a region', (t) => {
  const line = exportLine(readClientSettings(aDataDir(t, 'http://127.0.0.1:7070')));
  t.is(
    line,
    'export AWS_ENDPOINT_URL=http://127.0.0.1:7070 AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=s AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1',
  );
});

test("by TLS it needs the controllers' authority as well", (t) => {
  const dataDir = aDataDir(t, 'https://10.0.0.5:7070');
  const line = exportLine(readClientSettings(dataDir));
  t.true(line.endsWith(` AWS_CA_BUNDLE=${dataDir}/ca.pem NODE_EXTRA_CA_CERTS=${dataDir}/ca.pem`), line);
});

test('a controller that stops takes back its own address only: another may share its data directory', (t) => {
  const dataDir = aDataDir(t, 'http://127.0.0.1:7070');
  writeEndpoint(dataDir, { endpoint: 'http://127.0.0.1:7080', region: 'eu-west-1' });
  removeEndpoint(dataDir, 'http://127.0.0.1:7070');
  t.is(readClientSettings(dataDir).endpoint, 'http://127.0.0.1:7080');
  removeEndpoint(dataDir, 'http://127.0.0.1:7080');
  t.throws(() => readClientSettings(dataDir), { message: /No controller has left its address/ });
  t.notThrows(() => removeEndpoint(dataDir, 'http://127.0.0.1:7080'));
});
